// The output of the programs for people: plan, version, progress, reports.
#include <algorithm>
#include <regex>

#include "tests/end_to_end/sweep_fixture.h"

namespace scgan::end_to_end {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kEscape = "\x1b";

bool in_path(const std::string& program) {
  return run({{"sh", "-c", "command -v " + program}, {}}).exit_code == 0;
}

std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> result;
  for (const auto& entry : fs::directory_iterator(folder)) {
    result[entry.path().filename().string()] = read_text(entry.path());
  }
  return result;
}

class Output : public SweepFixture {};

TEST_F(Output, ADryRunListsTheRunsAndWritesNothing) {
  const auto before = listing(path("."));
  const Ended ended =
      sweep(0, {"tiny.yaml", "--out", "out", "--dry-run", "--set", "sweep.seeds=[0, 1]"});
  EXPECT_EQ(ended.exit_code, 0) << ended.text();
  EXPECT_THAT(ended.out, ContainsRegex("[0-9a-f]{16} +scgan +100 +1 .*to do"));
  EXPECT_THAT(ended.out,
              ContainsRegex("^2 runs: 2 to do; time on 1 rank not known yet .*; [0-9]+ MB "
                            "of disk \\([0-9.]+ [GM]B free\\); [0-9.]+ [GM]B of memory"));
  EXPECT_EQ(listing(path(".")), before);
}

// Of a stopped and of a finished sweep. Numbers and run ids stand for any other.
TEST_F(Output, TheDocumentNamesEveryFileOfTheOutputFolder) {
  const std::string document = read_text(fs::path(SCGAN_SOURCE_DIR) / "docs" / "output.md");
  const std::regex run("runs/[0-9a-f]{16}"), number("[0-9]{8}");
  for (const Words& more : {Words{"--stop-after", "0.00001"}, Words{}}) {
    Words words{"tiny.yaml", "--out", "out"};
    words.insert(words.end(), more.begin(), more.end());
    EXPECT_EQ(sweep(0, words).exit_code, more.empty() ? 0 : 75);
    for (const auto& entry : fs::recursive_directory_iterator(path("out"))) {
      if (!entry.is_regular_file()) continue;
      std::string name = fs::relative(entry.path(), path("out")).string();
      name = std::regex_replace(std::regex_replace(name, run, "runs/ID"), number, "N");
      if (name.starts_with("locks/")) name = "locks/";
      if (name.starts_with("cache/")) name = "cache/";
      if (name == "runs/ID/checkpoint-N.json") name = "`.json`";
      if (name == "runs/ID/netG_B.safetensors") name = "`netG_B.safetensors`";
      EXPECT_THAT(document, HasSubstr(name));
    }
  }
}

TEST_F(Output, ADryRunOfManyRunsListsThemOnlyIfAsked) {
  const Words words{"tiny.yaml", "--out", "out", "--dry-run", "--set", "sweep.seeds={count: 51}"};
  const Ended ended = sweep(0, words);
  EXPECT_EQ(ended.exit_code, 0) << ended.text();
  EXPECT_THAT(ended.out, AllOf(HasSubstr("51 runs: 51 to do;"), HasSubstr("--list lists the runs"),
                               Not(ContainsRegex("[0-9a-f]{16} +scgan"))));
  Words listed = words;
  listed.emplace_back("--list");
  EXPECT_THAT(sweep(0, listed).out, ContainsRegex("[0-9a-f]{16} +scgan +100 +50 .*to do"));
}

TEST_F(Output, ADryRunUnderMpirunListsTheRunsOnce) {
  const auto before = listing(path("."));
  const Ended ended = sweep(2, {"tiny.yaml", "--out", "out", "--dry-run"});
  EXPECT_EQ(ended.exit_code, 0) << ended.text();
  for (const char* once : {"1 run: 1 to do;", "  to do\n"}) {
    const size_t first = ended.out.find(once);
    ASSERT_NE(first, std::string::npos) << ended.text();
    EXPECT_EQ(ended.out.find(once, first + 1), std::string::npos) << ended.text();
  }
  EXPECT_EQ(listing(path(".")), before);
}

TEST_F(Output, VersionAndHelpOfBothPrograms) {
  for (const char* program : {SCGAN_SWEEP, SCGAN_REPORT}) {
    const Ended version = run({{program, "--version"}, sweep_environment()});
    EXPECT_EQ(version.exit_code, 0) << version.text();
    EXPECT_THAT(version.out, HasSubstr("scgan_sweep"));
    const Ended help = run({{program, "--help"}, sweep_environment()});
    EXPECT_EQ(help.exit_code, 0) << help.text();
    EXPECT_THAT(help.out, HasSubstr("--"));
  }
}

TEST_F(Output, ProgressInAFileIsPlainAndTheReportIsReproducible) {
  const Ended trained = sweep(0, {"tiny.yaml", "--out", "out"});
  ASSERT_EQ(trained.exit_code, 0) << trained.text();
  EXPECT_THAT(trained.err, AllOf(HasSubstr("scgan 100 % seed 0: done"), Not(HasSubstr(kEscape))));
  EXPECT_THAT(trained.out, ContainsRegex("1 of 1 runs? done"));

  const Ended text = report({"out"});
  EXPECT_EQ(text.exit_code, 0) << text.text();
  EXPECT_THAT(text.out,
              AllOf(ContainsRegex("1 of 1 runs? done"), HasSubstr("FID"), HasSubstr("KID")));

  for (const char* folder : {"first", "second"}) {
    const Ended written = report({"out", "--output", folder});
    EXPECT_EQ(written.exit_code, 0) << written.text();
  }
  const auto files = contents(path("first"));
  EXPECT_TRUE(contents(path("second")) == files) << "two reports differ";
  EXPECT_EQ(files.at("report.txt"), text.out);
  EXPECT_NE(files.at("report.html").find("<svg"), std::string::npos);
  EXPECT_NE(files.at("report.md").find(".svg"), std::string::npos);
  EXPECT_NE(files.at("runs.csv").find("scgan"), std::string::npos);
  EXPECT_NE(files.at("summary.csv").find("scgan"), std::string::npos);
  const auto figures = [&](const std::string& beginning) {
    return std::ranges::count_if(files, [&](const auto& file) {
      return file.first.starts_with(beginning) && file.first.ends_with(".svg");
    });
  };
  EXPECT_EQ(figures("boxplot-"), 3) << "FID, KID and the recovered change";
  EXPECT_EQ(figures("samples-"), 1);
  EXPECT_EQ(figures("losses-"), 1);
}

TEST_F(Output, QuietWritesNothing) {
  const Ended ended = sweep(0, {"tiny.yaml", "--out", "out", "--quiet"});
  EXPECT_EQ(ended.exit_code, 0) << ended.text();
  EXPECT_THAT(ended.err, IsEmpty());
}

TEST_F(Output, ATerminalShowsALiveView) {
  if (!in_path("script")) GTEST_SKIP() << "needs the program 'script' to make a terminal";
  for (const int ranks : {0, 2}) {
    const std::string out = "out_" + std::to_string(ranks);
    std::string line;
    for (const std::string& word : sweep_words(ranks, {"tiny.yaml", "--out", out})) {
      line += "'" + word + "' ";
    }
    const Ended ended =
        run({{"script", "-qec", line, "/dev/null"}, sweep_environment(), path(".")});
    EXPECT_EQ(ended.exit_code, 0) << ended.text();
    EXPECT_THAT(ended.out,
                AllOf(HasSubstr("tiny: 0 done, 1 running, 0 to do"), HasSubstr("images/s"),
                      HasSubstr("scgan 100 % seed 0"), HasSubstr(kEscape)))
        << ranks << " ranks";
    // Nothing is erased afterwards.
    EXPECT_THAT(ended.out, testing::EndsWith("results in " + out + "\r\n")) << ranks << " ranks";
  }
}

}  // namespace
}  // namespace scgan::end_to_end
