// The calls of CUDA's driver that LibTorch's library for compiling kernels names. This library
// carries the driver's name (its soname), so that the loader takes it for the driver. Only the
// first call is made; whoever makes another one hears that there is no such thing. Without CUDA's
// header, whose signatures would be in the way: arguments are left where the caller put them.
namespace {

constexpr int kSuccess = 0;         // CUDA_SUCCESS
constexpr int kNotSupported = 801;  // CUDA_ERROR_NOT_SUPPORTED

}  // namespace

extern "C" {

int cuDevicePrimaryCtxGetState(int, unsigned* flags, int* active) {
  *flags = 0;
  *active = 1;
  return kSuccess;
}

int cuGetErrorString(int, const char** text) {
  *text = "the stand-in GPU has no such call";
  return kSuccess;
}

int cuCtxGetCurrent() { return kNotSupported; }
int cuCtxSetCurrent() { return kNotSupported; }
int cuDeviceGet() { return kNotSupported; }
int cuDeviceGetAttribute() { return kNotSupported; }
int cuDevicePrimaryCtxRetain() { return kNotSupported; }
int cuFuncGetAttribute() { return kNotSupported; }
int cuFuncSetAttribute() { return kNotSupported; }
int cuFuncSetCacheConfig() { return kNotSupported; }
int cuLaunchCooperativeKernel() { return kNotSupported; }
int cuLaunchKernel() { return kNotSupported; }
int cuLinkAddData_v2() { return kNotSupported; }
int cuLinkComplete() { return kNotSupported; }
int cuLinkCreate_v2() { return kNotSupported; }
int cuModuleGetFunction() { return kNotSupported; }
int cuModuleLoad() { return kNotSupported; }
int cuModuleLoadData() { return kNotSupported; }
int cuModuleLoadDataEx() { return kNotSupported; }
int cuModuleUnload() { return kNotSupported; }
int cuOccupancyMaxActiveBlocksPerMultiprocessor() { return kNotSupported; }
int cuPointerGetAttribute() { return kNotSupported; }
int cuTensorMapEncodeTiled() { return kNotSupported; }

}  // extern "C"
