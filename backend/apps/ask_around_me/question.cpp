#include "apps/ask_around_me/question.hpp"

#include "apps/ask_around_me/pen_name.hpp"
#include "base/time_text.hpp"
#include "geo/distance.hpp"

#include <cmath>

namespace ask_around_me {
namespace {

base::Json stars_mean(const Question& question) {
  if (question.kind != "stars" || question.answers == 0) return nullptr;
  const double mean =
      static_cast<double>(question.stars_sum_halves) / 2.0 / static_cast<double>(question.answers);
  return std::round(mean * 100) / 100;
}

}  // namespace

base::Json public_view(const Question& question) {
  return {
      {"id", question.id.text()},
      {"text", question.text},
      {"kind", question.kind},
      {"state", question.state},
      {"lat", question.place.lat},
      {"lon", question.place.lon},
      {"cell", question.cell.text()},
      {"author_name", pen_name(question.author)},
      {"answers", question.answers},
      {"stars_mean", stars_mean(question)},
      {"stars_histogram",
       question.kind == "stars" ? base::Json(question.stars_histogram) : base::Json{}},
      {"created_at", base::utc_text(question.created_at)},
      {"expires_at", base::utc_text(question.expires_at)},
      {"version", question.version},
  };
}

base::Json view_for(const Question& question, const std::string& caller) {
  base::Json view = public_view(question);
  view["mine"] = question.author == caller;
  return view;
}

base::Json view_for(const Question& question, const std::string& caller, geo::Point from) {
  base::Json view = view_for(question, caller);
  // Both ends are known to the client already: this is for people, not a second measurement.
  view["distance_m"] = std::round(geo::distance_m(from, question.place));
  return view;
}

}  // namespace ask_around_me
