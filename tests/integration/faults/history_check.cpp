#include "history_check.hpp"

#include "wire/job_id.hpp"

#include <array>
#include <utility>

namespace jobs_test {
namespace {

/// A sentence, and the query whose rows are what is wrong.
using Rule = std::pair<const char*, const char*>;

constexpr std::array<Rule, 10> kRules{{
    {"a job had an effect twice",
     "select job_id::text from effect group by job_id having count(*) > 1"},
    {"a completed job had no effect",
     "select r.job_id::text from engine.result r where r.state = 'completed' "
     "and not exists (select from effect e where e.job_id = r.job_id)"},
    {"a job that was not completed had an effect",
     "select e.job_id::text from effect e where not exists ("
     "select from engine.result r where r.job_id = e.job_id and r.state = 'completed')"},
    {"a completed job has not exactly one event",
     "select r.job_id::text from engine.result r left join ("
     "select (data->>'job')::bigint as job_id, count(*) as events from engine.event group by 1"
     ") as e using (job_id) where r.state = 'completed' and e.events is distinct from 1"},
    {"an event belongs to no completed job",
     "select e.event_offset::text from engine.event e left join engine.result r "
     "on r.job_id = (e.data->>'job')::bigint where r.state is distinct from 'completed'"},
    {"a completed job had attempts that nobody saw fail",
     "select r.job_id::text from engine.result r left join ("
     "select job_id, count(*) as failures from engine.failure group by 1) as f using (job_id) "
     "where r.state = 'completed' and r.attempt <> 1 + coalesce(f.failures, 0)"},
    {"prev is not the event before on its topic",
     "select event_offset::text from ("
     "select event_offset, prev, lag(event_offset, 1, 0::bigint) "
     "over (partition by cell order by event_offset) as before from engine.event) as e "
     "where prev <> before"},
    {"a job has not ended",
     "select j.id::text from engine.job j where not exists ("
     "select from engine.result r where r.job_id = j.id)"},
    {"a batch was left", "select id::text from engine.batch"},
    {"a job waits that should not", "select job_id::text from engine.deferred"},
}};

}  // namespace

std::vector<std::string> violations(pg::Connection& database, const Confirmed& confirmed) {
  std::vector<std::string> found;
  for (const auto& [sentence, query] : kRules) {
    const pg::Rows rows = database.query(std::string{query} + " limit 3");
    for (const pg::Row row : rows) {
      found.push_back(std::string{sentence} + ": " + row.get<std::string>(0));
    }
  }
  for (const auto& [key, id] : confirmed) {
    const auto job = wire::JobId::parse(id);
    const pg::Rows rows = database.query("select count(*)::text from engine.job where id = " +
                                         std::to_string(job ? job->value() : 0));
    if (rows.one().get<std::string>(0) != "1") {
      found.push_back("a confirmed job is not there: " + key + " " + id);
    }
  }
  return found;
}

}  // namespace jobs_test
