# Installs the build tree, moves the result (a package must not depend on where it was installed),
# then configures, builds and runs a consumer with find_package(Latent) and a cold kernel cache.
function(run)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE status)
    if(NOT status EQUAL 0)
        message(FATAL_ERROR "failed (${status}): ${ARGN}")
    endif()
endfunction()

file(REMOVE_RECURSE "${WORK_DIR}")
file(MAKE_DIRECTORY "${WORK_DIR}")
run("${CMAKE_COMMAND}" --install "${BUILD_DIR}" --prefix "${WORK_DIR}/installed")
file(RENAME "${WORK_DIR}/installed" "${WORK_DIR}/moved")
run("${CMAKE_COMMAND}" -S "${CONSUMER_DIR}" -B "${WORK_DIR}/build" -G "${GENERATOR}"
    "-DCMAKE_MAKE_PROGRAM=${MAKE_PROGRAM}" "-DCMAKE_CXX_COMPILER=${CXX}"
    "-DCMAKE_PREFIX_PATH=${WORK_DIR}/moved")
run("${CMAKE_COMMAND}" --build "${WORK_DIR}/build")
set(ENV{LATENT_CACHE_DIR} "${WORK_DIR}/cache")
# Out of the way meanwhile, so that it is the installed compiler that is found.
file(RENAME "${COMPILER}" "${COMPILER}.hidden")
execute_process(COMMAND "${WORK_DIR}/build/consumer" RESULT_VARIABLE status)
file(RENAME "${COMPILER}.hidden" "${COMPILER}")
if(NOT status EQUAL 0)
    message(FATAL_ERROR "the consumer failed (${status})")
endif()
file(REMOVE_RECURSE "${WORK_DIR}")
