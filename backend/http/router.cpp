#include "http/router.hpp"

#include "base/check.hpp"
#include "http/target.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace http {
namespace {

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

bool matches(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  return std::equal(pattern.begin(),
                    pattern.end(),
                    path.begin(),
                    path.end(),
                    [](const auto& want, const auto& is) {
                      return is_parameter(want) ? !is.empty() : want == is;
                    });
}

std::string joined(const std::set<std::string>& methods) {
  std::string list;
  for (const std::string& method : methods) list.append(list.empty() ? "" : ", ").append(method);
  return list;
}

}  // namespace

void Router::add(std::string method, std::string pattern, Handler handler, RouteOptions options) {
  auto target = parse_target(pattern);
  base::check(static_cast<bool>(target) && target->query.empty(), "a route's pattern is a path");
  Entry entry{.segments = std::move(target->segments), .rank = {}, .route = {}};
  for (const std::string& segment : entry.segments) {
    entry.rank += is_parameter(segment) ? 'p' : 'l';
  }
  for (const Entry& other : entries_) {
    base::check(other.route.method != method || other.rank != entry.rank ||
                    other.segments != entry.segments,
                "a route is added once");
  }
  const auto place = std::upper_bound(
      entries_.begin(), entries_.end(), entry, [](const Entry& left, const Entry& right) {
        return left.rank < right.rank;
      });
  entry.route = {std::move(method), std::move(pattern), std::move(handler), options};
  entries_.insert(place, std::move(entry));
}

void Router::set_fallback(Handler handler) {
  fallback_ = {.method = "GET", .pattern = "*", .handle = std::move(handler), .options = {}};
}

Router::Match Router::find(std::string_view method,
                           const std::vector<std::string>& path_segments) const {
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  Match match;
  std::set<std::string> allowed;
  for (const Entry& entry : entries_) {
    if (!matches(entry.segments, path_segments)) continue;
    allowed.insert(entry.route.method);
    if (match.route != nullptr || entry.route.method != wanted) continue;
    match.route = &entry.route;
    for (std::size_t at = 0; at < entry.segments.size(); ++at) {
      const std::string& name = entry.segments[at];
      if (!is_parameter(name)) continue;
      match.path_parameters.emplace(name.substr(1, name.size() - 2), path_segments[at]);
    }
  }
  if (allowed.empty()) {
    if (fallback_.handle && wanted == fallback_.method) match.route = &fallback_;
    return match;
  }
  if (allowed.contains("GET")) allowed.insert("HEAD");
  allowed.insert("OPTIONS");
  match.allow = joined(allowed);
  return match;
}

}  // namespace http
