// A comment before the first line that counts.
#include "results/store/report.h"

#include <c10/cuda/CUDAStream.h>
#include <sqlite3.h>

#include <boost/any.hpp>
