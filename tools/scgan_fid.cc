// scgan_fid: FID and KID between two sets of images or their statistics.
#include <filesystem>
#include <fstream>
#include <ranges>
#include <string>
#include <string_view>
#include <vector>

#include "core/spec/run_spec.h"
#include "tools/cli.h"
#include "tools/device.h"
#include "tools/fid/fid_of_sets.h"
#include "tools/fid/fid_text.h"

namespace {

constexpr const char* kFooter =
    "Examples:\n"
    "  scgan_fid out/fake real/testB\n"
    "  scgan_fid out/fake real/testB --extractor inception.safetensors --json\n"
    "  scgan_fid real/testB --extractor inception.safetensors --save testB.npz\n"
    "  scgan_fid out/fake testB.npz --extractor inception.safetensors\n"
    "Exit codes: 0 done, 2 bad flags or input, 3 output or device lost.";

struct Options {
  scgan::FidRequest request;
  std::filesystem::path extractor;
  std::string variant, device = "cpu";
  int threads = 0;
  bool json = false;
};

void add_options(CLI::App& app, Options& options) {
  auto& request = options.request;
  const auto names = scgan::kInceptionInputs | std::views::values;
  app.add_option("A", request.a, "Folder of images (PNG, JPEG, TIFF), or statistics (.npz)")
      ->required();
  app.add_option("B", request.b, "The same; not needed with --save");
  app.add_option("--extractor", options.extractor,
                 "Inception weights (safetensors, or the published TorchScript file together with "
                 "--variant), or any TorchScript module [random_conv: not FID as published]")
      ->type_name("FILE");
  app.add_option("--variant", options.variant,
                 "How images are resized for Inception: legacy_pytorch (as pytorch-fid), "
                 "legacy_tensorflow, clean [legacy_pytorch]")
      ->check(CLI::IsMember(std::vector<std::string>(names.begin(), names.end())).description(""))
      ->type_name("NAME");
  app.add_option("--batch-size", request.features.batch_size, "Images per call of the extractor")
      ->check(CLI::Range(1, 10000).description(""))
      ->capture_default_str();
  app.add_option("--save", request.save, "Write the statistics of A (mu, sigma)")
      ->type_name("FILE.npz");
  app.add_flag("--self-check", request.self_check, "Compute FID in two ways and compare them");
  app.add_flag("--json", options.json, "All numbers with all digits, as JSON");
  scgan::tools::add_device_options(app, options.device, options.threads);
  app.footer(kFooter);
}

// Safetensors begin with the length of a header, zip archives (TorchScript) with PK.
bool is_zip(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return stream.get() == 'P' && stream.get() == 'K';
}

scgan::ExtractorSpec extractor_spec(const Options& options) {
  scgan::ExtractorSpec spec;
  if (options.extractor.empty()) {
    if (options.variant.empty()) return spec;
    throw scgan::Error(scgan::ErrorKind::kInvalidSpec,
                       "--variant is of Inception, whose weights --extractor names");
  }
  const bool inception = !is_zip(options.extractor) || !options.variant.empty();
  spec.kind = inception ? scgan::ExtractorKind::kInceptionV3 : scgan::ExtractorKind::kTorchScript;
  spec.file = options.extractor.string();
  for (const auto& [variant, name] : scgan::kInceptionInputs) {
    if (name == options.variant) spec.variant = variant;
  }
  return spec;
}

// What the sweep file calls evaluate.extractor.file is a flag here.
[[noreturn]] void rename_key(const scgan::Error& problem) {
  constexpr std::string_view kKey = "evaluate.extractor.file: ";
  const std::string text = problem.what();
  if (!text.starts_with(kKey)) throw problem;
  throw scgan::Error(problem.kind(), "--extractor " + text.substr(kKey.size()), problem.where());
}

scgan::FidReport compare(const Options& options) {
  const scgan::ExtractorSpec spec = extractor_spec(options);
  const c10::Device device = scgan::tools::use_device(options.device, options.threads);
  scgan::FidRequest request = options.request;
  request.features.threads = options.threads;
  try {
    return scgan::fid_of_sets(request, [&](int64_t image_size) {
      return scgan::make_feature_extractor(spec, image_size, device);
    });
  } catch (const scgan::Error& problem) {
    rename_key(problem);
  }
}

int run(const CLI::App& app, const Options& options) {
  const scgan::FidReport report = compare(options);
  scgan::tools::print(options.json ? scgan::to_json(report) : scgan::to_text(report));
  for (const std::string& warning : report.warnings) {
    scgan::tools::complain(app, "note: " + warning);
  }
  return scgan::tools::kExitDone;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("FID and KID between two sets of images, or their statistics.", "scgan_fid");
  Options options;
  add_options(app, options);
  return scgan::tools::run_program(app, argc, argv, [&] { return run(app, options); });
}
