# cmake -DPROGRAM=<path> -DFORBIDDEN=<names with |> -P links_only.cmake
# Fails when the program needs, directly or through another library, a shared library whose name begins so.
cmake_minimum_required(VERSION 3.25)
execute_process(COMMAND ldd ${PROGRAM} RESULT_VARIABLE status OUTPUT_VARIABLE libraries ERROR_VARIABLE problem)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "ldd ${PROGRAM} failed (${status}): ${problem}")
elseif(libraries MATCHES "not found")
  message(FATAL_ERROR "${PROGRAM} misses libraries:\n${libraries}")
elseif(NOT libraries MATCHES "libstdc\\+\\+")
  message(FATAL_ERROR "this is not a list of a C++ program's libraries:\n${libraries}")
elseif(libraries MATCHES "lib(${FORBIDDEN})[^\n]*")
  message(FATAL_ERROR "${PROGRAM} links ${CMAKE_MATCH_0}; all it links:\n${libraries}")
endif()
