// The power fails: what PostgreSQL had written, but not yet brought to the disk, is gone.
#include "faults_case.hpp"

using namespace faults_test;

namespace {

class PowerCase : public FaultsCase {
 public:
  /// One job is accepted and confirmed, and the power fails. Whether it is there afterwards.
  bool survives(const std::string& synchronous_commit) {
    const auto one = spec(1);
    auto rows = engine::jobs::AcceptedRows::of({&one}, ids);
    REQUIRE(rows);
    pg::Connection connection{options()};
    connection.query("set synchronous_commit = " + synchronous_commit);
    rows->insert(connection);
    const Confirmed told{{"key", rows->status(0).id.text()}};
    lose_power();
    const auto found = violations(onlooker(), told);
    return std::ranges::none_of(found, [](const std::string& sentence) {
      return sentence.starts_with("a confirmed job is not there");
    });
  }

 private:
  void lose_power() {
    const std::string disk_ends_at = value_of("select pg_current_wal_flush_lsn()");
    const std::string file = value_of("select pg_walfile_name('" + disk_ends_at + "')");
    const std::string place =
        value_of("select file_offset from pg_walfile_name_offset('" + disk_ends_at + "')");
    postgres().die();
    postgres().forget_log_from(file, std::stoul(place));
    postgres().start_again();
    reconnect();
  }
};

}  // namespace

TEST_CASE_METHOD(PowerCase,
                 "what is confirmed outlives a power cut; without waiting for the disk it does not",
                 "[integration][jobs][faults]") {
  for (int n = 0; n < 3; ++n) CHECK(survives("on"));
  // The server's own clock may bring it to the disk before, within a fifth of a second.
  CHECK(eventually([&] { return !survives("off"); }, 60s));
}
