// The error that an action must throw.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "core/base/error.h"

namespace scgan {

// Returns the message of the Error of this kind that `action` throws; fails the test and returns ""
// if it throws none.
inline std::string error_of(ErrorKind kind, const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

inline std::string data_error_of(const std::function<void()>& action) {
  return error_of(ErrorKind::kData, action);
}

}  // namespace scgan
