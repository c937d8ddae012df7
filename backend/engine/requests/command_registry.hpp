#pragma once

#include "base/json.hpp"
#include "base/result.hpp"
#include "http/request.hpp"
#include "wire/caller.hpp"
#include "wire/problem.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace engine::requests {

/// One HTTP request that asks for work, as an app's parser sees it.
struct CommandRequest {
  const http::Request& http;
  const wire::Caller& caller;
  const base::Json& body;  // An empty object when the method carries none.
};

/// Turns what a client sent into the arguments of a job. Nothing invalid goes further.
using ParseCommand =
    std::function<base::Result<base::Json, wire::Problem>(const CommandRequest& request)>;

/// A way to ask for jobs of one kind.
struct Command {
  std::string method;   // POST, PUT or DELETE
  std::string pattern;  // "/v1/notes/{id}"; empty: only POST /v1/jobs takes it.
  std::string kind;     // "<app>.<verb>"
  ParseCommand parse;
  std::int16_t max_attempts{5};
};

/// What clients may ask for. Filled before the server listens, read-only after.
class CommandRegistry {
 public:
  void add(Command command) { commands_.push_back(std::move(command)); }
  [[nodiscard]] std::span<const Command> all() const noexcept { return commands_; }

 private:
  std::vector<Command> commands_;
};

}  // namespace engine::requests
