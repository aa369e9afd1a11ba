#include <mpi.h>
#include <nccl.h>
#include <torch/torch.h>

#include <string>

#include "core/spec/run_spec.h"
#include "results/store/result_store.h"
#include "sibling.h"
