# Functions of Latent's own build.
include_guard(GLOBAL)

# ccache does nothing for a source with a precompiled header unless it is told to look past it.
function(latent_use_ccache)
    find_program(LATENT_CCACHE ccache)
    if(NOT LATENT_CCACHE)
        return()
    endif()
    set(sloppiness "pch_defines,time_macros,include_file_mtime,include_file_ctime")
    foreach(language C CXX)
        if(NOT CMAKE_${language}_COMPILER_LAUNCHER)
            set(CMAKE_${language}_COMPILER_LAUNCHER
                env "CCACHE_SLOPPINESS=${sloppiness}" "${LATENT_CCACHE}" PARENT_SCOPE)
        endif()
    endforeach()
endfunction()

# Halide comes from the Python wheel in .venv, unless Halide_DIR or CMAKE_PREFIX_PATH say otherwise.
# A macro, since imported targets are visible in the folder that finds them.
macro(latent_find_halide)
    file(GLOB _halide_hints
        "${PROJECT_SOURCE_DIR}/.venv/lib/python3*/site-packages/halide/lib64/cmake/Halide")
    # Halide's package looks for its Python part unasked, and warns where Python's headers are missing.
    set(CMAKE_DISABLE_FIND_PACKAGE_Halide_Python TRUE)
    find_package(Halide 21.0.0 EXACT COMPONENTS Halide shared HINTS ${_halide_hints})
    unset(CMAKE_DISABLE_FIND_PACKAGE_Halide_Python)
    if(NOT Halide_FOUND)
        message(FATAL_ERROR
            "Halide 21.0.0 was not found. 'make build' installs it in .venv; otherwise install the "
            "Python wheel halide==21.0.0 and set Halide_DIR to <site-packages>/halide/lib64/cmake/Halide.")
    endif()
endmacro()

# fmt's headers for <target>, without its library: cmake/fmt_library.cpp compiles that into Latent,
# in a namespace of its own.
function(latent_use_fmt target)
    find_package(fmt REQUIRED)
    target_include_directories(${target} SYSTEM INTERFACE
        $<TARGET_PROPERTY:fmt::fmt-header-only,INTERFACE_INCLUDE_DIRECTORIES>)
    target_compile_definitions(${target} INTERFACE
        "FMT_BEGIN_NAMESPACE=namespace fmt { inline namespace latent_fmt {" "FMT_END_NAMESPACE=}}")
endfunction()

# latent_object_library(<target> <folder>...): the .cpp files right in the folders, position
# independent. No target where there are no files.
function(latent_object_library target)
    list(TRANSFORM ARGN PREPEND "${PROJECT_SOURCE_DIR}/" OUTPUT_VARIABLE patterns)
    list(TRANSFORM patterns APPEND "/*.cpp")
    file(GLOB sources CONFIGURE_DEPENDS ${patterns})
    if(NOT sources)
        return()
    endif()
    add_library(${target} OBJECT ${sources})
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_link_libraries(${target} PRIVATE latent_options)
endfunction()

# latent_link_objects(<target> <object library>...): the objects of those that exist.
function(latent_link_objects target)
    foreach(library IN LISTS ARGN)
        if(TARGET ${library})
            target_sources(${target} PRIVATE $<TARGET_OBJECTS:${library}>)
        endif()
    endforeach()
endfunction()

# The shared object that turns kernel requests into objects. It shows its C entry points only, so
# that its copy of the IR never mixes with the program's.
function(latent_configure_compiler target)
    set(exports "${PROJECT_SOURCE_DIR}/cmake/latent_compiler.exports")
    target_link_libraries(${target} PRIVATE latent_options Halide::Halide)
    target_link_options(${target} PRIVATE "-Wl,--version-script=${exports}")
    if(NOT LATENT_SANITIZE)  # The sanitizers' own functions are found in the program.
        target_link_options(${target} PRIVATE "-Wl,--no-undefined")
    endif()
    set(install_rpath "$ORIGIN")
    if(NOT LATENT_INSTALL_HALIDE)
        get_target_property(halide_file Halide::Halide LOCATION)
        cmake_path(GET halide_file PARENT_PATH halide_dir)
        list(APPEND install_rpath "${halide_dir}")
    endif()
    set_target_properties(${target} PROPERTIES
        LINK_DEPENDS "${exports}"
        INSTALL_RPATH "${install_rpath}"
        LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
endfunction()

# A content hash of everything that shapes a kernel's bytes (the compiler's sources, the stub and
# Halide), for the key of the kernel cache: an object library with latent::codegen::compiler_build_id.
function(latent_add_build_id target)
    set(output "${PROJECT_BINARY_DIR}/generated/compiler_build_id.cpp")
    set(patterns)
    foreach(folder ir codegen codegen/math codegen/lower codegen/compiler codegen/runtime/stub)
        foreach(extension cpp c h def)
            list(APPEND patterns "${PROJECT_SOURCE_DIR}/${folder}/*.${extension}")
        endforeach()
    endforeach()
    file(GLOB sources CONFIGURE_DEPENDS ${patterns})
    get_target_property(halide_file Halide::Halide LOCATION)
    set(script "${PROJECT_SOURCE_DIR}/cmake/HashSources.cmake")
    string(REPLACE ";" "\n" listing "${halide_file};${sources}")
    set(listing_file "${PROJECT_BINARY_DIR}/generated/compiler_build_id.txt")
    file(CONFIGURE OUTPUT "${listing_file}" CONTENT "${listing}\n" @ONLY)
    add_custom_command(
        OUTPUT "${output}"
        COMMAND "${CMAKE_COMMAND}" "-DLISTING=${listing_file}" "-DOUTPUT=${output}" -P "${script}"
        DEPENDS ${sources} "${halide_file}" "${listing_file}" "${script}"
        COMMENT "Hashing the kernel compiler's sources"
        VERBATIM)
    add_library(${target} OBJECT "${output}")
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
endfunction()

# Compiles the stub that is linked into every kernel and embeds the object's bytes in <target> as
# latent::codegen::kernel_stub_object and kernel_stub_object_size.
function(latent_embed_kernel_stub target source)
    if(NOT EXISTS "${PROJECT_SOURCE_DIR}/${source}")
        return()
    endif()
    add_library(latent_kernel_stub OBJECT "${PROJECT_SOURCE_DIR}/${source}")
    target_include_directories(latent_kernel_stub PRIVATE "${PROJECT_SOURCE_DIR}")
    set_target_properties(latent_kernel_stub PROPERTIES C_STANDARD 11)
    target_compile_options(latent_kernel_stub PRIVATE
        -Wall -Wextra -Wpedantic -Werror -fPIC -O2 -g0 -ffreestanding -fno-stack-protector
        -fvisibility=hidden)
    set(output "${PROJECT_BINARY_DIR}/generated/kernel_stub_object.cpp")
    set(script "${PROJECT_SOURCE_DIR}/cmake/EmbedFile.cmake")
    add_custom_command(
        OUTPUT "${output}"
        COMMAND "${CMAKE_COMMAND}" "-DINPUT=$<TARGET_OBJECTS:latent_kernel_stub>"
                "-DOUTPUT=${output}" -DNAME=kernel_stub_object -P "${script}"
        DEPENDS $<TARGET_OBJECTS:latent_kernel_stub> "${script}"
        COMMENT "Embedding the kernel stub"
        VERBATIM)
    target_sources(${target} PRIVATE "${output}")
endfunction()

# latent_part_wanted(<option> <what it needs> <found>): sets WANTED. Off quietly, on loudly.
function(latent_part_wanted option needs found)
    if(found)
        set(WANTED ON PARENT_SCOPE)
        return()
    endif()
    set(WANTED OFF PARENT_SCOPE)
    if(${option} STREQUAL "AUTO")
        message(STATUS "${option}: left out, ${needs} not found")
    else()
        message(FATAL_ERROR "${option} is ON but ${needs} was not found")
    endif()
endfunction()
