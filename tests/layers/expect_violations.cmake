# cmake -DCHECK=<check_layers.cmake> -DTREE=<bad_tree> -P expect_violations.cmake
# The check must fail on the bad tree with exactly these lines: nobody would notice a check that accepts everything.
cmake_minimum_required(VERSION 3.25)
set(expected
  "core/model/knows_too_much.h: a header must begin with #pragma once"
  "core/model/knows_too_much.h:1: core/model may not include MPI (only fmt, torch, nlohmann)"
  "core/model/knows_too_much.h:2: core/model may not include NCCL (only fmt, torch, nlohmann)"
  "core/model/knows_too_much.h:8: core/model may not include results/store (only core/model, core/base, core/spec)"
  "core/model/knows_too_much.h:9: \"sibling.h\" is not a full path from the root into a folder of the table"
  "core/unplanned/file.cc: is not in a folder of the table"
  "results/store/report.cc:4: results/store may not include CUDA (only fmt, SQLite, nlohmann)"
  "results/store/report.cc:5: only ^results/store/sqlite\\.(h|cc)$ may include SQLite"
  "results/store/report.cc:7: <boost/any.hpp> does not belong to a library of the table"
  "sweeps/plan/expand.cc:1: sweeps/plan may not include nlohmann (only fmt, yaml-cpp)"
  "sweeps/plan/expand.cc:3: sweeps/plan may not include sweeps/run (only sweeps/plan, core/base, core/spec)"
  "core/comm/buckets: a circle of includes: core/comm/buckets -> core/comm/ring -> core/comm/buckets"
  "CMake Error at")
list(JOIN expected "\n" expected)

execute_process(COMMAND ${CMAKE_COMMAND} -DROOT=${TREE} -P ${CHECK}
                RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
string(FIND "${output}" "${expected}" position)
if(status EQUAL 0 OR NOT position EQUAL 0)
  message(FATAL_ERROR "expected a failure and\n${expected}\ngot ${status} and\n${output}")
endif()
