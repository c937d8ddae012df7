// `earshot events tail`: what happens near a place, as it is committed.
#include "base/error.hpp"
#include "base/pause.hpp"
#include "base/time_text.hpp"
#include "engine/requests/event_page.hpp"
#include "geo/distance.hpp"
#include "main/commands.hpp"
#include "main/own_database.hpp"
#include "pg/error.hpp"
#include "pg/transaction.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string_view>

namespace commands {
namespace {

namespace requests = engine::requests;
using base::Json;
using namespace std::chrono_literals;

constexpr auto kLookEvery = 250ms;
constexpr auto kRetryEvery = 1s;
constexpr int kLeafLetters = 7;

struct TailFlags {
  bool is_json{false};
  bool is_once{false};
  std::string near;
  std::string radius_m{"1000"};
  std::string after;
};

/// The circle of `--near` and `--radius`, and what GET /v1/events is asked for it.
struct Tail {
  geo::Point centre{};
  double radius_m{0};
  requests::EventQuery query{};
};

std::string_view option_of(std::string_view pointer) {
  if (pointer == "/lat") return "--near: the latitude";
  if (pointer == "/lon") return "--near: the longitude";
  return pointer == "/radius_m" ? "--radius" : "--after";
}

[[noreturn]] void refuse(const wire::Problem& problem) {
  if (problem.errors.empty()) throw base::Error{problem.detail};
  std::string why;
  for (const wire::FieldError& error : problem.errors) {
    why += fmt::format("{}{} {}", why.empty() ? "" : "; ", option_of(error.pointer), error.detail);
  }
  throw base::Error{why};
}

// The same limits and refusals as over HTTP, said of the options.
Tail tail_of(const TailFlags& flags) {
  const auto comma = flags.near.find(',');
  if (comma == std::string::npos) throw base::Error{"--near must be LAT,LON, like 37.78,-122.42"};
  requests::QueryParameters pairs{{"lat", flags.near.substr(0, comma)},
                                  {"lon", flags.near.substr(comma + 1)},
                                  {"radius_m", flags.radius_m}};
  if (!flags.after.empty()) pairs.emplace_back("after", flags.after);
  auto query = requests::read_event_query(pairs);
  if (!query) refuse(query.error());
  const auto centre = geo::make_point(std::stod(pairs[0].second), std::stod(pairs[1].second));
  if (!centre) throw base::Error{"--near is no place"};
  return {.centre = *centre, .radius_m = std::stod(flags.radius_m), .query = std::move(*query)};
}

/// Where it happened: what its data names, if that is in its cell; else the middle of the cell.
geo::Point place_of(const wire::Event& event) {
  const Json data = Json::parse(event.data, /*callback=*/nullptr, /*allow_exceptions=*/false);
  if (!data.is_object()) return event.cell.centre();
  const auto lat = data.find("lat");
  const auto lon = data.find("lon");
  const bool are_numbers =
      lat != data.end() && lon != data.end() && lat->is_number() && lon->is_number();
  if (!are_numbers) return event.cell.centre();
  const auto named = geo::make_point(lat->get<double>(), lon->get<double>());
  const bool is_there = named && geo::cell_of(*named, kLeafLetters) == event.cell;
  return is_there ? *named : event.cell.centre();
}

void show(const Tail& tail, const requests::EventPage& page, bool is_json) {
  for (const wire::Event& event : page.events) {
    const double distance_m = geo::distance_m(tail.centre, place_of(event));
    if (distance_m > tail.radius_m) continue;
    const std::string line = is_json ? wire::envelope(event, page.position.epoch)
                                     : fmt::format("{}  {:>10}  {:<22}  {}  {:>6.0f} m  {}",
                                                   base::utc_text(event.at),
                                                   event.offset,
                                                   event.type,
                                                   event.cell.text(),
                                                   distance_m,
                                                   event.subject);
    std::puts(line.c_str());
  }
  // Whoever reads a pipe is to see a line when it happens.
  if (std::fflush(stdout) != 0) throw base::Error{"the output cannot be written"};
}

/// Shows what there is after the position, and moves it. False: that was the end of the log.
bool look(pg::Connection& connection, Tail& tail, bool is_json) {
  pg::Transaction tx{connection, pg::Isolation::kReadCommitted, pg::Access::kReadOnly};
  const auto page = requests::read_page(tx, tail.query);
  if (!page) refuse(page.error());
  tx.commit();
  show(tail, *page, is_json);
  tail.query.after = page->position;
  return page->more;
}

/// Errors: base::TransientError when the database is away; `tail` is where to go on.
void follow_on(const Settings& settings, const TailFlags& flags, Tail& tail) {
  pg::Connection connection = connect_to_own_database(settings, "earshot-events");
  while (true) {
    if (look(connection, tail, flags.is_json)) continue;
    if (flags.is_once) return;
    base::pause({}, kLookEvery);
  }
}

int follow(const Settings& settings, const TailFlags& flags) {
  Tail tail = tail_of(flags);
  while (true) {
    try {
      follow_on(settings, flags, tail);
      return 0;
    } catch (const base::TransientError& lost) {
      if (flags.is_once) throw;
      std::fprintf(stderr, "earshot: the database is away: %s\n", lost.what());
    }
    base::pause({}, kRetryEvery);
  }
}

}  // namespace

void add_events_commands(CLI::App& app, Settings& settings, std::vector<Subcommand>& all) {
  const auto flags = std::make_shared<TailFlags>();
  CLI::App* group = app.add_subcommand("events", "Look at what happens");
  group->require_subcommand(1);
  CLI::App* tail = group->add_subcommand("tail", "The events near a place, until Ctrl-C");
  add_common_options(*tail, settings);
  add_data_dir_option(*tail, settings);
  tail->add_option("--near", flags->near, "LAT,LON, like 37.78,-122.42")->required();
  tail->add_option("--radius", flags->radius_m, "In metres, 1 to 50000")->capture_default_str();
  tail->add_option("--after", flags->after, "A position to begin behind; without it: from now on");
  tail->add_flag("--once", flags->is_once, "Stop at the end of the log");
  tail->add_flag("--json", flags->is_json, "Each event as its envelope, for programs");
  all.push_back({tail, [flags](const Settings& done) { return follow(done, *flags); }});
}

}  // namespace commands
