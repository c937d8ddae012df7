#pragma once

#include "apps/ask_around_me/question.hpp"
#include "pg/transaction.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

/// Every SQL statement that touches ask_around_me.question, and nothing else.
namespace ask_around_me {

/// What somebody asks, before it has a time.
struct NewQuestion {
  wire::JobId id;
  std::string author;
  std::string text;
  std::string kind;
  geo::Cell cell;
  std::int64_t expires_in_s{0};
};

/// Shape: one question per new one, in order.
[[nodiscard]] std::vector<Question> insert_questions(pg::Transaction& tx,
                                                     std::span<const NewQuestion> asked);

/// Which questions a list shows, newest first.
struct Near {
  geo::Point centre{};
  double radius_m{0};
  int limit{50};
  std::optional<std::int64_t> before_rank;  // Where the previous page ended.
};

struct QuestionPage {
  std::vector<Question> questions;
  std::optional<std::int64_t> next_before_rank;
};

/// Open questions within a circle.
/// Limits: `limit` in [1, 100].
[[nodiscard]] QuestionPage find_near(pg::Transaction& tx, const Near& near);

[[nodiscard]] std::optional<Question> find_question(pg::Transaction& tx, wire::JobId id);

/// What the start-up check prepares.
[[nodiscard]] std::span<const pg::Statement> question_store_statements();

}  // namespace ask_around_me
