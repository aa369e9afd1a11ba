// The functions of CUDA's driver that LibTorch's kernel compiler links to. This library has the
// driver's soname, so that the loader takes it for the driver. LibTorch calls only the first
// function; the others return CUDA_ERROR_NOT_SUPPORTED. They ignore their arguments, so this file
// does without CUDA's header and its signatures.
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
  *text = "the stand-in GPU does not implement this call";
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
