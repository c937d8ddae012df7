#pragma once

#include "http/response.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace http {

struct RouteOptions {
  std::size_t body_bytes_max = 64 * 1024;
  bool is_body_optional = false;  // Without it, POST, PUT and PATCH must say a Content-Length.
};

struct Route {
  std::string method;
  std::string pattern;
  Handler handle;
  RouteOptions options;
};

/// Finds the handler of a path by comparing whole segments. No patterns, no backtracking.
///
/// A literal segment wins over a parameter: /v1/questions/mine before /v1/questions/{id}.
/// Threads: confined while routes are added, then read by all.
class Router {
 public:
  /// `pattern` is a path whose `{name}` segments match any one non-empty segment.
  void add(std::string method, std::string pattern, Handler handler, RouteOptions options = {});

  /// Answers GET for every path that no route has: the web page.
  void set_fallback(Handler handler);

  struct Match {
    const Route* route = nullptr;                        // Null: not found, or not this method.
    std::map<std::string, std::string> path_parameters;  // By name.
    std::string allow;  // "GET, HEAD, OPTIONS"; empty where no route has this path.
  };
  /// HEAD is found where GET is.
  [[nodiscard]] Match find(std::string_view method,
                           const std::vector<std::string>& path_segments) const;

 private:
  struct Entry {
    std::vector<std::string> segments;
    std::string rank;  // One letter a segment, 'l'iteral before 'p'arameter: smaller is better.
    Route route;
  };

  std::vector<Entry> entries_;  // Best rank first, so that the first match is the one.
  Route fallback_;
};

}  // namespace http
