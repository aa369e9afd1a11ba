// scgan_fid: computes FID and KID between two sets of images or their statistics.
#include <c10/core/Device.h>
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <ranges>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/exit_code.h"
#include "core/features/extractor_factory.h"
#include "core/spec/run_spec.h"
#include "tools/cli.h"
#include "tools/device.h"
#include "tools/fid/compare_sets.h"
#include "tools/fid/fid_text.h"

namespace {

constexpr scgan::tools::Program kProgram{
    "scgan_fid", "FID and KID between two sets of images, or their statistics.",
    "Examples:\n"
    "  scgan_fid out/fake real/testB\n"
    "  scgan_fid out/fake real/testB --extractor inception.safetensors --json\n"
    "  scgan_fid real/testB --extractor inception.safetensors --save testB.npz\n"
    "  scgan_fid out/fake testB.npz --extractor inception.safetensors\n"
    "  scgan_fid translated data/testB --weights netG_A.safetensors --batch-size 8\n"
    "Exit codes: 0 done, 2 bad flags or input, 3 output or device lost."};

struct Options {
  scgan::FidRequest request;
  std::filesystem::path extractor, weights;
  std::string variant;
  scgan::tools::DeviceOptions device;
  bool json = false;
};

void add_options(CLI::App& app, Options& options) {
  auto& request = options.request;
  const auto names = scgan::kInceptionInputs | std::views::values;
  app.add_option("A", request.a,
                 "Folder of images (PNG, JPEG, TIFF), or statistics (.npz); with --weights also a "
                 "CSV file as "
                 "for data.kind manifest")
      ->required();
  app.add_option("B", request.b, "The same; optional with --save");
  app.add_option(
         "--extractor", options.extractor,
         "Inception weights (safetensors, or the published TorchScript file together with "
         "--variant), or any TorchScript module [random_conv, which is not the published FID]")
      ->type_name("FILE");
  app.add_option("--variant", options.variant,
                 "How images are resized for Inception: legacy_pytorch (as pytorch-fid), "
                 "legacy_tensorflow, clean [legacy_pytorch]")
      ->check(CLI::IsMember(std::vector<std::string>(names.begin(), names.end())).description(""))
      ->type_name("NAME");
  app.add_option("--weights", options.weights,
                 "Prepare images as the test images of the run with these weights were: A holds "
                 "their translations by scgan_translate, B real images")
      ->type_name("FILE");
  app.add_flag("--untranslated", request.untranslated,
               "With --weights: A also holds images that were not translated");
  app.add_option("--size", request.size, "Resize images to N x N pixels first [keep their size]")
      ->type_name("N");
  app.add_option("--tiles", request.tiles,
                 "Resize them to T times --size instead and cut them into T x T squares [1]")
      ->type_name("T");
  app.add_option("--batch-size", request.features.batch_size, "Images per call of the extractor")
      ->check(CLI::Range(1, 10000).description(""))
      ->capture_default_str();
  app.add_option("--save", request.save, "Write the statistics of A (mu, sigma)")
      ->type_name("FILE.npz");
  app.add_flag("--self-check", request.self_check, "Compute FID in two ways and compare them");
  app.add_flag("--json", options.json, "Print all numbers with all digits, as JSON");
  scgan::tools::add_device_options(app, options.device);
}

// Zip archives (TorchScript) begin with PK, safetensors with the length of a header.
bool is_zip(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return stream.get() == 'P' && stream.get() == 'K';
}

scgan::ExtractorSpec extractor_spec(const Options& options) {
  scgan::ExtractorSpec spec;
  if (options.extractor.empty()) {
    if (options.variant.empty()) return spec;
    throw scgan::Error(scgan::ErrorKind::kInvalidSpec,
                       "--variant is for Inception; name its weights with --extractor");
  }
  const bool inception = !is_zip(options.extractor) || !options.variant.empty();
  spec.kind = inception ? scgan::ExtractorKind::kInceptionV3 : scgan::ExtractorKind::kTorchScript;
  spec.file = options.extractor.string();
  for (const auto& [variant, name] : scgan::kInceptionInputs) {
    if (name == options.variant) spec.variant = variant;
  }
  return spec;
}

// The message of an extractor that cannot be opened names the flag.
std::unique_ptr<scgan::FeatureExtractor> open_extractor(const scgan::ExtractorSpec& spec,
                                                        int64_t image_size, c10::Device device) {
  try {
    return scgan::make_feature_extractor(spec, image_size, device);
  } catch (const scgan::Error& problem) {
    throw scgan::Error(problem.kind(), fmt::format("--extractor {}", problem.what()),
                       problem.where());
  }
}

int run(const Options& options) {
  const scgan::ExtractorSpec spec = extractor_spec(options);
  const c10::Device device = scgan::tools::use_device(options.device);
  scgan::FidRequest request = options.request;
  request.features.threads = options.device.threads;
  if (!options.weights.empty()) request.run = scgan::trained_on(options.weights);
  const scgan::FidReport report = scgan::compare_sets(
      request, [&](int64_t image_size) { return open_extractor(spec, image_size, device); });
  scgan::tools::print(options.json ? scgan::to_json(report) : scgan::to_text(report));
  for (const std::string& warning : report.warnings) {
    scgan::tools::print_error(kProgram, "note: " + warning);
  }
  return scgan::kExitDone;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  return scgan::tools::run_program(
      kProgram, argc, argv, [&](CLI::App& app) { add_options(app, options); },
      [&] { return run(options); });
}
