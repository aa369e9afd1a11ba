// Names of figures that are also names of files.
#pragma once

#include <map>
#include <string>

namespace scgan::results {

class FigureNames {
 public:
  // `name` with _ for what file names should not have, and a number if it is taken.
  std::string take(std::string name);

 private:
  std::map<std::string, int> taken_;
};

}  // namespace scgan::results
