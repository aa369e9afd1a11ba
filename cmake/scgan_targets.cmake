# The functions that make this project's targets.

# LibTorch's headers take seconds in every file, so several files of a target are compiled at once. OFF compiles file by
# file: slower in total, faster after a change.
option(SCGAN_UNITY "Compile several files of a target at once" ON)
set(scgan_unity_files 10)

# scgan_precompile(<name> HEADERS ... LIBRARIES ... [OPTIONS ...])
# Compiles headers once, for targets that call scgan_use_precompiled(<target> <name>); they must link LIBRARIES too.
function(scgan_precompile name)
  cmake_parse_arguments(ARG "" "" "HEADERS;LIBRARIES;OPTIONS" ${ARGN})
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/precompiled/${name}.cc CONTENT "// For a precompiled header.\n")
  add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/precompiled/${name}.cc)
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES})
  target_precompile_headers(${name} PRIVATE ${ARG_HEADERS})
  # A precompiled header is only usable with the options it was compiled with; programs would get -fPIE.
  set(options -fPIC ${ARG_OPTIONS})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    list(APPEND options -fpch-preprocess)
  endif()
  target_compile_options(${name} PUBLIC ${options})
endfunction()

function(scgan_use_precompiled target name)
  target_precompile_headers(${target} REUSE_FROM ${name})
  target_compile_options(${target} PRIVATE $<TARGET_PROPERTY:${name},INTERFACE_COMPILE_OPTIONS>)
endfunction()

# scgan_library(<name> SOURCES ... [PUBLIC ...] [PRIVATE ...] [TORCH])
# A folder's library: scgan_<name>, alias scgan::<name>. TORCH links LibTorch and uses its precompiled header.
function(scgan_library name)
  cmake_parse_arguments(ARG "TORCH" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(scgan_${name} STATIC ${ARG_SOURCES})
  add_library(scgan::${name} ALIAS scgan_${name})
  target_include_directories(scgan_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(scgan_${name} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE} scgan_warnings)
  set_target_properties(scgan_${name} PROPERTIES UNITY_BUILD ${SCGAN_UNITY} UNITY_BUILD_BATCH_SIZE ${scgan_unity_files})
  if(ARG_TORCH)
    scgan_use_torch(scgan_${name})
  endif()
endfunction()

# scgan_test(<name> SOURCES ... LIBRARIES ... [TORCH] [COMMAND ...] [LABEL unit|mpi|gpu|e2e|slurm] [TIMEOUT seconds])
# One GoogleTest program per folder, linked only to that folder's library (which also checks the layers). COMMAND starts
# it, if not by its name.
function(scgan_test name)
  cmake_parse_arguments(ARG "TORCH" "LABEL;TIMEOUT" "SOURCES;LIBRARIES;COMMAND" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} GTest::gmock GTest::gtest_main scgan_warnings)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests
                        UNITY_BUILD ${SCGAN_UNITY} UNITY_BUILD_BATCH_SIZE ${scgan_unity_files})
  if(ARG_TORCH)
    scgan_use_precompiled(${name} scgan_torch_test_pch)
    target_link_libraries(${name} PRIVATE scgan_libtorch)
  else()
    scgan_use_precompiled(${name} scgan_test_pch)
  endif()
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  if(NOT ARG_COMMAND)
    set(ARG_COMMAND ${name})
  endif()
  add_test(NAME ${name} COMMAND ${ARG_COMMAND})
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT}
                       ENVIRONMENT "OMP_NUM_THREADS=1;OMP_WAIT_POLICY=passive")
endfunction()

function(scgan_use_torch target)
  target_link_libraries(${target} PUBLIC scgan_libtorch)
  scgan_use_precompiled(${target} scgan_torch_pch)
endfunction()

# scgan_use_tcmalloc(<target>): training allocates tensors of many sizes, which takes glibc's malloc a tenth of the
# time. The program must call fix_environment() (distributed/environment.h). Sanitizers have a malloc of their own.
find_library(SCGAN_TCMALLOC NAMES tcmalloc_minimal libtcmalloc_minimal.so.4)
function(scgan_use_tcmalloc target)
  if(SCGAN_TCMALLOC AND NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize")
    target_link_libraries(${target} PRIVATE -Wl,--push-state,--no-as-needed ${SCGAN_TCMALLOC} -Wl,--pop-state)
  endif()
endfunction()
