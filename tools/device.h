// --device and --threads of the programs that compute.
#pragma once

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/core/Device.h>

#include <string>

#include "tools/cli.h"

namespace scgan::tools {

inline void add_device_options(CLI::App& app, std::string& device, int& threads) {
  app.add_option("--device", device, "cpu or cuda")
      ->check(CLI::IsMember({"cpu", "cuda"}).description(""))
      ->type_name("NAME")
      ->capture_default_str();
  app.add_option("--threads", threads, "CPU threads [all cores]")
      ->check(CLI::Range(1, 1024).description(""))
      ->type_name("N");
}

// Sets what LibTorch computes with. Throws Error(kInvalidSpec) when there is no such device.
inline c10::Device use_device(const std::string& name, int threads) {
  if (threads > 0) at::set_num_threads(threads);
  auto& context = at::globalContext();
  context.setDeterministicAlgorithms(true, /*warn_only=*/false);
  context.setDeterministicCuDNN(true);
  context.setBenchmarkCuDNN(false);
  context.setAllowTF32CuBLAS(false);
  context.setAllowTF32CuDNN(false);
  if (name == "cpu") return c10::kCPU;
  if (!at::hasCUDA() || at::detail::getCUDAHooks().deviceCount() == 0) {
    throw Error(ErrorKind::kInvalidSpec, "--device cuda: no GPU is visible on this host");
  }
  return {c10::kCUDA, 0};
}

}  // namespace scgan::tools
