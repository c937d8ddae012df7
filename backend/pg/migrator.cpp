#include "pg/migrator.hpp"

#include "base/error.hpp"
#include "pg/transaction.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>

namespace pg {
namespace {

constexpr std::chrono::minutes kStatementTimeout{10};

constexpr Statement kHasBookkeeping{"migrator_has_bookkeeping",
                                    "select to_regclass('earshot.migration') is not null"};

// `create … if not exists` fails when two programs do it at once, so they take turns.
constexpr std::string_view kCreateBookkeeping = R"(
  select pg_advisory_xact_lock(hashtext('earshot.migration'));
  create schema if not exists earshot;
  create table if not exists earshot.migration (
    owner text not null,
    number integer not null,
    name text not null,
    checksum text not null,
    applied_at timestamptz not null default now(),
    constraint each_migration_is_applied_once primary key (owner, number)
  ))";

constexpr Statement kChecksums{"migrator_checksums", R"(
  select encode(sha256(convert_to(content, 'UTF8')), 'hex') as checksum
  from unnest($1::text[]) with ordinality as file(content, position)
  order by position)"};

constexpr Statement kApplied{"migrator_applied", R"(
  select owner, number, name, checksum from earshot.migration
  where owner = any($1::text[])
  order by owner, number)"};

// Waits for another program that is applying the same file, and then finds its row.
constexpr Statement kRecord{"migrator_record", R"(
  insert into earshot.migration (owner, number, name, checksum) values ($1, $2, $3, $4)
  on conflict do nothing)"};

struct Migration {
  std::string owner;
  int number{0};
  std::string name{};
  std::string_view content{};
  std::string checksum{};

  [[nodiscard]] std::string title() const { return owner + "/" + name; }
};

struct AppliedMigration {
  std::string owner;
  int number{0};
  std::string name;
  std::string checksum;
};

// "0001_batch.sql" → 1 and "0001_batch".
Migration named(std::string_view owner, const base::EmbeddedFile& file) {
  constexpr std::string_view kEnding{".sql"};
  Migration migration{.owner = std::string{owner}, .content = file.content};
  const char* const begin = file.path.data();
  const auto digits =
      std::from_chars(begin, begin + file.path.size(), migration.number).ptr - begin;
  if (digits != 4 || migration.number < 1 || file.path.size() < 10 || file.path[4] != '_' ||
      !file.path.ends_with(kEnding)) {
    throw base::Error{"a migration is not named NNNN_noun.sql: " + migration.owner + "/" +
                      std::string{file.path}};
  }
  migration.name = file.path.substr(0, file.path.size() - kEnding.size());
  return migration;
}

// All files of all sets, in the order in which they are applied.
std::vector<Migration> wanted(Transaction& tx, std::span<const MigrationSet> sets) {
  std::vector<Migration> migrations;
  std::vector<std::string> contents;
  for (const MigrationSet& set : sets) {
    const auto first = static_cast<std::ptrdiff_t>(migrations.size());
    for (const base::EmbeddedFile& file : set.files) {
      migrations.push_back(named(set.schema, file));
    }
    const auto by_number = [](const Migration& left, const Migration& right) {
      return left.number < right.number;
    };
    std::sort(migrations.begin() + first, migrations.end(), by_number);
  }
  for (std::size_t index = 0; index < migrations.size(); ++index) {
    contents.emplace_back(migrations[index].content);
    if (index > 0 && migrations[index - 1].owner == migrations[index].owner &&
        migrations[index - 1].number == migrations[index].number) {
      throw base::Error{"two migrations have one number: " + migrations[index - 1].title() +
                        " and " + migrations[index].title()};
    }
  }
  const Rows checksums = tx.run(kChecksums, contents);
  for (std::size_t index = 0; index < migrations.size(); ++index) {
    migrations[index].checksum = checksums[index].get<std::string>("checksum");
  }
  return migrations;
}

std::vector<AppliedMigration> applied(Transaction& tx, std::span<const MigrationSet> sets) {
  if (!tx.run(kHasBookkeeping).one().get<bool>(0)) return {};
  std::vector<std::string> owners;
  for (const MigrationSet& set : sets) owners.emplace_back(set.schema);

  std::vector<AppliedMigration> migrations;
  for (const Row row : tx.run(kApplied, owners)) {
    migrations.push_back({.owner = row.get<std::string>("owner"),
                          .number = row.get<std::int32_t>("number"),
                          .name = row.get<std::string>("name"),
                          .checksum = row.get<std::string>("checksum")});
  }
  return migrations;
}

std::vector<MigrationStatus> compare(const std::vector<Migration>& wanted,
                                     const std::vector<AppliedMigration>& applied) {
  std::vector<MigrationStatus> statuses;
  std::vector<bool> is_known(applied.size(), false);
  for (const Migration& migration : wanted) {
    MigrationStatus status{migration.owner, migration.number, migration.name};
    for (std::size_t index = 0; index < applied.size(); ++index) {
      if (applied[index].owner != migration.owner || applied[index].number != migration.number) {
        continue;
      }
      is_known[index] = true;
      status.state = applied[index].checksum == migration.checksum ? MigrationState::kApplied
                                                                   : MigrationState::kChanged;
    }
    statuses.push_back(std::move(status));
  }
  for (std::size_t index = 0; index < applied.size(); ++index) {
    if (is_known[index]) continue;
    statuses.push_back({applied[index].owner,
                        applied[index].number,
                        applied[index].name,
                        MigrationState::kUnknown});
  }
  return statuses;
}

// Throws for everything that a program must not touch: another history than its own.
void refuse_another_history(const std::vector<MigrationStatus>& statuses) {
  std::optional<MigrationStatus> pending;
  for (const MigrationStatus& status : statuses) {
    const std::string title = status.owner + "/" + status.name;
    if (status.state == MigrationState::kUnknown) {
      throw base::Error{"the database is newer than this program: it has the migration " + title +
                        ", which this program does not know; start a newer version of it"};
    }
    if (status.state == MigrationState::kChanged) {
      throw base::Error{"the migration " + title +
                        " was applied with another content; a released file is never edited, a "
                        "repair is a new file"};
    }
    if (status.state == MigrationState::kPending) {
      pending = status;
    } else if (pending && pending->owner == status.owner) {
      throw base::Error{"the migration " + pending->owner + "/" + pending->name +
                        " is missing in the database, although the later " + title +
                        " was applied"};
    }
  }
}

// False when another program has applied it meanwhile.
bool apply(Connection& connection, const Migration& migration) {
  Transaction tx{connection};
  const std::string timeout = std::to_string(std::chrono::milliseconds{kStatementTimeout}.count());
  tx.query("set local statement_timeout = " + timeout + "; set local lock_timeout = " + timeout);
  const Rows recorded =
      tx.run(kRecord, migration.owner, migration.number, migration.name, migration.checksum);
  if (recorded.affected() == 0) return false;
  tx.query(migration.content, migration.title());
  tx.commit();
  return true;
}

}  // namespace

MigrationReport migrate(Connection& connection, std::span<const MigrationSet> sets) {
  const ReplyLimit patience{connection, kStatementTimeout};
  if (!connection.run(kHasBookkeeping).one().get<bool>(0)) connection.query(kCreateBookkeeping);

  std::vector<Migration> migrations;
  std::vector<MigrationStatus> statuses;
  {
    Transaction tx{connection, Isolation::kRepeatableRead, Access::kReadOnly};
    migrations = wanted(tx, sets);
    statuses = compare(migrations, applied(tx, sets));
  }
  refuse_another_history(statuses);

  MigrationReport report;
  for (std::size_t index = 0; index < migrations.size(); ++index) {
    if (statuses[index].state == MigrationState::kApplied) continue;
    if (apply(connection, migrations[index])) report.applied.push_back(migrations[index].title());
  }
  // Whoever started at the same time may have been another version.
  refuse_another_history(migration_status(connection, sets));
  return report;
}

std::vector<MigrationStatus> migration_status(Connection& connection,
                                              std::span<const MigrationSet> sets) {
  Transaction tx{connection, Isolation::kRepeatableRead, Access::kReadOnly};
  const auto migrations = wanted(tx, sets);
  return compare(migrations, applied(tx, sets));
}

}  // namespace pg
