# cmake -DCOMPILER=<c++> -DSOURCE=<file> -DINCLUDE=<folders> -P expect_failure.cmake
# Passes when SOURCE is refused by the compiler with the text of its first line, '// expect: <text>'.
file(STRINGS "${SOURCE}" lines)
list(GET lines 0 first)
if(NOT first MATCHES "^// expect: (.+)$")
    message(FATAL_ERROR "${SOURCE}: the first line must read '// expect: <text of the message>'")
endif()
set(expected "${CMAKE_MATCH_1}")
list(TRANSFORM INCLUDE PREPEND "-I")
execute_process(COMMAND "${COMPILER}" -std=c++20 -fsyntax-only ${INCLUDE} "${SOURCE}"
                RESULT_VARIABLE status ERROR_VARIABLE messages OUTPUT_VARIABLE messages)
if(status EQUAL 0)
    message(FATAL_ERROR "${SOURCE} compiled, but it must not")
endif()
string(FIND "${messages}" "${expected}" position)
if(position EQUAL -1)
    message(FATAL_ERROR "'${expected}' is not in the compiler's message:\n${messages}")
endif()
