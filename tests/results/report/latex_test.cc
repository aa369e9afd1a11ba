#include "results/report/latex.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/results/sample_store.h"
#include "tests/support/temp_dir.h"

namespace scgan::results {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Comparison compared(const std::string& first, const std::string& second,
                    const std::vector<std::pair<double, double>>& p_values) {
  Comparison comparison;
  comparison.first = first;
  comparison.second = second;
  for (const auto& [percentage, p] : p_values) {
    comparison.cells.emplace_back();
    comparison.cells.back().percentage = percentage;
    comparison.cells.back().p = p;
  }
  return comparison;
}

// The tables of the sample: FID and KID, cyclegan and scgan at 50 and 100 %.
class LatexTest : public testing::Test {
 protected:
  std::string latex() {
    Analysis analysis{.inputs = &inputs_, .summary = summarize(inputs_), .comparisons = {}};
    analysis.comparisons.resize(analysis.summary.tables.size());
    analysis.comparisons[0].models = comparisons_;
    return to_latex(analysis);
  }

  void set_strange_labels() {
    for (StoredRun& run : inputs_[0].runs) {
      run.plan.variant = "[a]{b}\\c_d&e%f$g#h^i~j<k>l|m\nn" + run.plan.variant;
      run.plan.dataset = "50%_{x";
    }
  }

  std::vector<ReportInput> inputs_ = {sample_input()};
  std::vector<Comparison> comparisons_ = {compared("scgan", "cyclegan", {{50, 0.1}, {100, 0.04}})};
};

TEST_F(LatexTest, TheBestIsBoldAndWhatIsNotDistinguishedIsUnderlined) {
  EXPECT_THAT(latex(),
              AllOf(HasSubstr("cyclegan & \\underline{50.92 $\\pm$ 4.29} & 42.75 $\\pm$ "
                              "2.47$^{\\dagger}$ \\\\\n"),
                    HasSubstr("scgan & \\textbf{39.42 $\\pm$ 3.38} & "
                              "\\textbf{30.12}$^{\\dagger}$ \\\\\n"),
                    HasSubstr("\\begin{tabular}{lrr}"), HasSubstr("variant & 50\\,\\% & 100\\,\\%"),
                    HasSubstr("untranslated images & \\multicolumn{2}{c}{61.25}")));
}

TEST_F(LatexTest, TheCaptionExplainsEveryMarkAndNoOther) {
  EXPECT_THAT(latex(), AllOf(HasSubstr("FID (random\\_conv features) on synthetic, A to B: mean"),
                             HasSubstr("1 to 3 runs per cell"), HasSubstr("Underlined: not shown"),
                             HasSubstr("$^{\\dagger}$: planned runs without a result"),
                             Not(HasSubstr("$^{\\ddagger}$:"))));
  comparisons_ = {compared("scgan", "cyclegan", {{50, 0.05}, {100, 0.04}})};
  EXPECT_THAT(latex(), Not(HasSubstr("nderline")));
}

// With three rows, two comparisons with the best one share the level: 0.03 * 2 > 0.05, but
// 0.02 * 2 <= 0.05 and then 0.04 * 1 <= 0.05.
TEST_F(LatexTest, TheLevelOfAColumnIsSharedByHolmsMethod) {
  for (int i = 0; i < 3; ++i) {
    StoredRun run = inputs_[0].runs[i];
    run.plan.id = "e" + std::to_string(i);
    run.plan.variant = "third";
    inputs_[0].runs.push_back(run);
  }
  const auto set = [&](double of_cyclegan, double of_third) {
    comparisons_ = {compared("scgan", "cyclegan", {{50, of_cyclegan}}),
                    compared("third", "scgan", {{50, of_third}})};
  };
  set(0.03, 0.03);
  EXPECT_THAT(latex(),
              AllOf(HasSubstr("cyclegan & \\underline{"), HasSubstr("third & \\underline{")));
  set(0.02, 0.04);
  EXPECT_THAT(latex(), Not(HasSubstr("\\underline{")));
  set(0.02, 0.06);
  EXPECT_THAT(latex(), AllOf(HasSubstr("cyclegan & 50.92"), HasSubstr("third & \\underline{")));
}

TEST_F(LatexTest, ACellWithCollapsedRunsIsNeverTheBest) {
  inputs_[0].runs[6].metrics.push_back(metric(kOutputSpread, 0));
  EXPECT_THAT(latex(), AllOf(HasSubstr("cyclegan & \\textbf{50.92 $\\pm$ 4.29}"),
                             HasSubstr("39.42 $\\pm$ 3.38}$^{\\ddagger}$"),
                             HasSubstr("$^{\\ddagger}$: runs have collapsed")));
}

TEST_F(LatexTest, WhatWasNotComparedIsNotMarked) {
  comparisons_.clear();
  EXPECT_THAT(latex(), AllOf(HasSubstr("cyclegan & 50.92 $\\pm$ 4.29 & 42.75"),
                             HasSubstr("Not every model was compared")));
}

TEST_F(LatexTest, NegativeNumbersHaveAMinusSignAndTheHighestChangeIsTheBest) {
  inputs_[0].runs.resize(7);
  for (StoredRun& run : inputs_[0].runs) run.metrics = {metric("recovered_change", -0.5)};
  inputs_[0].runs[6].metrics[0].value = 0.25;
  EXPECT_THAT(latex(), AllOf(HasSubstr("cyclegan & \\underline{$-$0.5000 $\\pm$ 0.0000"),
                             HasSubstr("scgan & \\textbf{0.2500}"),
                             HasSubstr("{Recovered change on"), HasSubstr("Higher is better")));
}

// Braces and environments balance whatever the labels contain.
TEST_F(LatexTest, LabelsCannotBreakTheTable) {
  set_strange_labels();
  std::string text = latex();
  EXPECT_THAT(text,
              HasSubstr("{[}a]\\{b\\}\\textbackslash{}c\\_d\\&e\\%f\\$g\\#h\\textasciicircum{}"
                        "i\\textasciitilde{}j\\textless{}k\\textgreater{}l\\textbar{}m n"));
  for (const char* escaped : {"\\{", "\\}", "\\%", "\\&", "\\$", "\\#", "\\_"}) {
    for (size_t at; (at = text.find(escaped)) != std::string::npos;) text.erase(at, 2);
  }
  EXPECT_EQ(std::ranges::count(text, '{'), std::ranges::count(text, '}'));
  EXPECT_EQ(std::ranges::count(text, '$') % 2, 0);
  EXPECT_EQ(std::ranges::count(text, '%'), 1) << "only the first comment";
  EXPECT_EQ(std::ranges::count(text, '#') + std::ranges::count(text, '~'), 0);
}

TEST_F(LatexTest, LatexCompilesIt) {
  if (std::system("command -v pdflatex >/dev/null") != 0) GTEST_SKIP() << "pdflatex is missing";
  set_strange_labels();
  const TempDir folder;
  std::ofstream(folder.path() / "report.tex") << latex();
  std::ofstream(folder.path() / "paper.tex") << "\\documentclass{article}\\usepackage{booktabs}"
                                                "\\begin{document}\\input{report}\\end{document}";
  const std::string command = "cd '" + folder.path().string() +
                              "' && pdflatex -interaction=nonstopmode -halt-on-error paper";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

}  // namespace
}  // namespace scgan::results
