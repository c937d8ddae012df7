#pragma once

#include "api_case.hpp"
#include "support/eventually.hpp"
#include "wire/token.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace api_test {

/// A kind for outside workers, one of which only one runs at once, and a worker's token.
class WorkCase : public ApiCase {
 public:
  static constexpr const char* kRender = "acme.render";
  static constexpr const char* kPrint = "acme.print";

  WorkCase();

  [[nodiscard]] std::string token(wire::Roles roles);
  /// Accepts a job. Returns its id.
  std::string accept(const std::string& kind = kRender, const base::Json& args = {{"page", 1}});
  [[nodiscard]] Answer claim(int limit = 1, const std::string& kind = kRender, int wait_s = 0);
  /// The one job that a claim gave.
  [[nodiscard]] base::Json claimed(const std::string& kind = kRender);
  /// POST /v1/work/<id>/<verb> with the lease of a claimed job.
  Answer tell(const base::Json& job, const std::string& verb, base::Json body = {});
  [[nodiscard]] base::Json job(const std::string& id);
  [[nodiscard]] bool becomes(const std::string& id, const std::string& state);
  /// As if its worker had been silent for too long.
  void let_lease_end(const base::Json& job);

  std::string worker;
};

}  // namespace api_test
