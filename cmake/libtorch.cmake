# LibTorch from the torch wheel. TorchConfig.cmake of the CUDA wheel requires a GPU or nvcc; this file needs neither.
# TORCH_DIR: the folder that holds the packages torch/ and nvidia/ (a site-packages), or an unpacked LibTorch.
# Targets: scgan::libtorch, and scgan::nccl if TORCH_DIR contains NCCL (SCGAN_WITH_NCCL=OFF builds without it).
set(TORCH_DIR "" CACHE PATH "site-packages folder with torch/ (and nvidia/), or an unpacked LibTorch")
if(NOT TORCH_DIR)
  file(GLOB scgan_wheel_folders ${CMAKE_SOURCE_DIR}/.deps/venv/lib/python3*/site-packages)
  list(APPEND scgan_wheel_folders "")
  list(GET scgan_wheel_folders 0 TORCH_DIR)
endif()
if(EXISTS ${TORCH_DIR}/torch/include/torch/csrc/api/include/torch/torch.h)
  set(scgan_torch_root ${TORCH_DIR}/torch)
elseif(EXISTS ${TORCH_DIR}/include/torch/csrc/api/include/torch/torch.h)
  set(scgan_torch_root ${TORCH_DIR})
else()
  message(FATAL_ERROR "No LibTorch in TORCH_DIR='${TORCH_DIR}'. Run `make build`, which installs it, or pass "
                      "-DTORCH_DIR=<site-packages folder that holds torch/>.")
endif()

add_library(scgan_libtorch INTERFACE)
add_library(scgan::libtorch ALIAS scgan_libtorch)
target_compile_options(scgan_libtorch INTERFACE -fmacro-prefix-map=${scgan_torch_root}/=torch/)
target_include_directories(scgan_libtorch SYSTEM INTERFACE
  ${scgan_torch_root}/include ${scgan_torch_root}/include/torch/csrc/api/include)
# LibTorch's include folder has headers of another version of fmt than the library that we link: ours come first.
target_link_libraries(scgan_libtorch INTERFACE fmt::fmt)
get_target_property(scgan_fmt_include fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
list(GET scgan_fmt_include 0 scgan_fmt_include)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/include_first)
file(CREATE_LINK ${scgan_fmt_include}/fmt ${CMAKE_BINARY_DIR}/include_first/fmt SYMBOLIC)
# Headers of single operators instead of one with all two thousand.
target_compile_definitions(scgan_libtorch INTERFACE AT_PER_OPERATOR_HEADERS)
target_include_directories(scgan_libtorch SYSTEM BEFORE INTERFACE ${CMAKE_BINARY_DIR}/include_first)
# libtorch.so exports its own copy of std::filesystem, which does not match the compiler's headers: the system's
# libstdc++ must come first.
target_link_libraries(scgan_libtorch INTERFACE -Wl,--no-as-needed stdc++)
set(SCGAN_WITH_CUDA OFF)
foreach(name torch torch_cpu c10 torch_cuda c10_cuda)
  if(EXISTS ${scgan_torch_root}/lib/lib${name}.so)
    # --no-as-needed: backends register themselves when loaded, without a reference to any of their symbols.
    target_link_libraries(scgan_libtorch INTERFACE -Wl,--no-as-needed ${scgan_torch_root}/lib/lib${name}.so)
    if(name STREQUAL "c10_cuda")
      set(SCGAN_WITH_CUDA ON)
    endif()
  endif()
endforeach()
target_link_options(scgan_libtorch INTERFACE -Wl,-rpath,${scgan_torch_root}/lib)
# The OpenMP that LibTorch itself loads: a second one would start threads of its own.
file(GLOB scgan_openmp ${scgan_torch_root}/lib/libgomp*.so*)
if(NOT scgan_openmp)
  find_library(scgan_openmp NAMES gomp libgomp.so.1 REQUIRED)
endif()
target_link_libraries(scgan_libtorch INTERFACE ${scgan_openmp})

# The CUDA runtime's headers, for our own calls; an unpacked LibTorch does not have them.
set(SCGAN_WITH_CUDART OFF)
if(SCGAN_WITH_CUDA)
  file(GLOB scgan_cudart ${TORCH_DIR}/nvidia/cu*/lib/libcudart.so.*)
  file(GLOB scgan_cuda_include ${TORCH_DIR}/nvidia/cu*/include)
  if(scgan_cudart AND scgan_cuda_include)
    target_include_directories(scgan_libtorch SYSTEM INTERFACE ${scgan_cuda_include})
    target_link_libraries(scgan_libtorch INTERFACE ${scgan_cudart})
    set(SCGAN_WITH_CUDART ON)
  endif()
endif()

# NCCL, from the wheel that torch's libraries load it from.
set(scgan_nccl_root ${TORCH_DIR}/nvidia/nccl)
set(scgan_nccl_found OFF)
if(SCGAN_WITH_CUDART AND EXISTS ${scgan_nccl_root}/include/nccl.h
   AND EXISTS ${scgan_nccl_root}/lib/libnccl.so.2)
  set(scgan_nccl_found ON)
endif()
option(SCGAN_WITH_NCCL "Exchange tensors between GPUs by NCCL" ${scgan_nccl_found})
if(SCGAN_WITH_NCCL AND NOT scgan_nccl_found)
  message(FATAL_ERROR "SCGAN_WITH_NCCL=ON needs a LibTorch with CUDA and ${scgan_nccl_root}/{include/nccl.h,"
                      "lib/libnccl.so.2}. Pass -DSCGAN_WITH_NCCL=OFF, or a TORCH_DIR that holds them.")
endif()
if(SCGAN_WITH_NCCL)
  add_library(scgan_nccl SHARED IMPORTED GLOBAL)
  add_library(scgan::nccl ALIAS scgan_nccl)
  set_target_properties(scgan_nccl PROPERTIES IMPORTED_LOCATION ${scgan_nccl_root}/lib/libnccl.so.2
                        INTERFACE_INCLUDE_DIRECTORIES ${scgan_nccl_root}/include)
endif()
message(STATUS "LibTorch: ${scgan_torch_root} (CUDA: ${SCGAN_WITH_CUDA}, NCCL: ${SCGAN_WITH_NCCL})")
