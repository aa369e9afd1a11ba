#include "core/data/image_catalog.h"

#include <gtest/gtest.h>

#include <string>

#include "core/base/error.h"

namespace scgan {
namespace {

ImageCatalog example() {
  ImageCatalog catalog;
  catalog.digest = "digest";
  catalog.is_float = true;
  catalog.names = {{{"a", "b"}, {"c"}, {"d"}, {""}}};
  catalog.checksums = {{{1, 2}, {3}, {4}, {5}}};
  catalog.range = {{{0, 255}, {1.5, 2}, {-3, 4}}};
  return catalog;
}

TEST(ImageCatalogTest, BytesGiveItBack) {
  const ImageCatalog catalog = example();
  const ImageCatalog back = catalog_from_bytes(to_bytes(catalog, "pixels"), "pixels", "digest");
  EXPECT_EQ(back.digest, catalog.digest);
  EXPECT_EQ(back.is_float, catalog.is_float);
  EXPECT_EQ(back.names, catalog.names);
  EXPECT_EQ(back.checksums, catalog.checksums);
  EXPECT_EQ(back.range, catalog.range);
}

TEST(ImageCatalogTest, OtherLengthsAndOtherDataAreRefused) {
  const std::string bytes = to_bytes(example(), "pixels");
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_THROW(catalog_from_bytes(bytes.substr(0, length), "pixels", "digest"), Error) << length;
  }
  EXPECT_THROW(catalog_from_bytes(bytes + "x", "pixels", "digest"), Error);
  EXPECT_THROW(catalog_from_bytes(bytes, "other pixels", "digest"), Error);
  EXPECT_THROW(catalog_from_bytes(bytes, "pixels", "other digest"), Error);
}

}  // namespace
}  // namespace scgan
