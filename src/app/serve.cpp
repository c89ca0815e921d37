#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>

#include "api/documents/documents.h"
#include "api/graphql/graphql.h"
#include "api/operations/operations.h"
#include "api/rest/operation.h"
#include "api/rest/rest.h"
#include "api/rest/validate.h"
#include "api/rest/write_check.h"
#include "app/alert_routes.h"
#include "app/channel_fhir.h"
#include "app/channels_in_force.h"
#include "app/commands.h"
#include "app/console.h"
#include "app/contract_routes.h"
#include "app/coverage_report.h"
#include "app/definitions.h"
#include "app/delivery_routes.h"
#include "app/explanation.h"
#include "app/feeds.h"
#include "app/mapper.h"
#include "app/message_routes.h"
#include "app/package_folder.h"
#include "app/packages.h"
#include "app/source_routes.h"
#include "app/web_console.h"
#include "base/file.h"
#include "base/log.h"
#include "base/metrics.h"
#include "engine/connectors/sources.h"
#include "engine/delivery/deliveries.h"
#include "engine/engine.h"
#include "engine/messages/archive.h"
#include "net/http.h"
#include "net/loop.h"
#include "store/deliveries/delivery_log.h"
#include "store/store.h"

namespace sinew::app {
namespace {

constexpr unsigned kLoopThreads = 2;
constexpr std::string_view kAnyAddress = "0.0.0.0";

/// The feeds of this process with the tables in force: shared by the engine and by `$source`, and
/// read again on SIGHUP.
class FeedBook {
 public:
  FeedBook(std::vector<FeedListener> listeners, engine::AckPolicy ack)
      : listeners_(std::move(listeners)), ack_(ack) {}

  /// Compiles every feed's tables: those of the listeners, and of the channels with a source. On
  /// failure what was in force stays.
  Result<> load(std::vector<engine::Channel> const& channels) {
    auto const maps = TRY(maps_of(channels));
    std::vector<engine::FeedSettings> loaded;
    for (auto const& map : maps) {
      engine::FeedSettings feed;
      feed.mapping = TRY(make_feed(map));
      // Feeds of the same tables share one program.
      auto const same = std::ranges::find_if(maps, [&map](MapSettings const& other) {
        return other.map_folders == map.map_folders && other.built_in == map.built_in;
      });
      auto const first = static_cast<std::size_t>(same - maps.begin());
      feed.program = first < loaded.size() ? loaded[first].program : TRY(compile_tables(map));
      feed.ack = ack_;
      loaded.push_back(std::move(feed));
    }
    std::lock_guard const lock(mutex_);
    in_force_ = std::move(loaded);
    return {};
  }

  std::vector<FeedListener> const& listeners() const { return listeners_; }

  std::vector<engine::FeedSettings> in_force() const {
    std::lock_guard const lock(mutex_);
    return in_force_;
  }

  /// The settings of a feed; those of the main one for a feed that is no longer configured.
  engine::FeedSettings find(std::string_view name) const {
    auto const feeds = in_force();
    auto const found = std::ranges::find(
        feeds, name, [](auto const& feed) -> std::string_view { return feed.mapping.name; });
    return found == feeds.end() ? feeds.front() : *found;
  }

 private:
  Result<std::vector<MapSettings>> maps_of(std::vector<engine::Channel> const& channels) const {
    std::vector<MapSettings> maps;
    for (auto const& listener : listeners_) maps.push_back(listener.map);
    for (auto const& channel : channels) {
      if (!channel.source) continue;
      if (std::ranges::find(maps, channel.name, &MapSettings::feed_name) != maps.end()) {
        return fail(ErrorCode::conflict,
                    "there is a feed of that name, and a channel with a source", channel.name);
      }
      auto map = listeners_.front().map;
      map.feed_name = channel.name;
      for (auto const& folder : channel.source->map_folders) map.map_folders.push_back(folder);
      if (!channel.source->charset.empty()) map.charset = channel.source->charset;
      if (!channel.source->zone.empty()) map.zone = channel.source->zone;
      maps.push_back(std::move(map));
    }
    return maps;
  }

  std::vector<FeedListener> const listeners_;
  engine::AckPolicy const ack_;
  mutable std::mutex mutex_;
  std::vector<engine::FeedSettings> in_force_;
};

TablesOf tables_of(FeedBook const& feeds) {
  return [&feeds](std::string_view name) {
    auto feed = feeds.find(name);
    return FeedTables{std::move(feed.mapping), std::move(feed.program)};
  };
}

/// GET [type]/[id]/$source?element=...: `sinew explain` over HTTP.
Result<rest::Answer> answer_source(FeedBook const& feeds, rest::OperationCall const& asked) {
  auto text = asked.call.type + "/" + asked.call.id;
  auto const element = asked.arguments.text("element");
  if (!element.empty()) text += "." + std::string(element);
  auto const what = TRY(parse_element_path(text));
  rest::Answer answer;
  answer.body = explanation_json(TRY(explain_element(asked.context.store, tables_of(feeds), what)));
  answer.media_type = "application/json";
  return answer;
}

Result<> listen_mllp(engine::Engine& engine, net::Loop& loop, FeedBook const& feeds,
                     ServeSettings const& settings) {
  for (auto const& listener : feeds.listeners()) {
    net::MllpServerOptions options;
    options.host = listener.address.host;
    options.port = listener.address.port;
    options.frame_bytes_max = settings.message_bytes_max;
    options.idle_seconds_max = settings.idle_seconds;
    if (!settings.mllp_certificate.empty()) {
      options.tls = net::TlsServerOptions{settings.mllp_certificate, settings.mllp_key,
                                          settings.mllp_client_ca};
    }
    auto const port = TRY(engine.listen(loop, listener.map.feed_name, options));
    log(Level::info, "mllp listening",
        {{"feed", listener.map.feed_name},
         {"host", options.host},
         {"port", port},
         {"tls", options.tls.has_value()}});
    if (options.host == kAnyAddress && !options.tls) {
      log(Level::warning, "mllp without tls on every address", {{"feed", listener.map.feed_name}});
    }
  }
  return {};
}

Result<std::unique_ptr<net::HttpServer>> listen_http(net::Loop& loop, rest::Service& service,
                                                     ServeSettings const& settings) {
  auto const address = TRY(parse_address(settings.http));
  net::HttpServerOptions options;
  options.host = address.host;
  options.port = address.port;
  if (!settings.http_certificate.empty()) {
    options.tls = net::TlsServerOptions{settings.http_certificate, settings.http_key, {}};
  }
  auto server = TRY(net::HttpServer::listen(
      loop, options,
      [&service](std::shared_ptr<net::HttpCall> const& call) { service.handle(call); }));
  log(Level::info, "http listening",
      {{"host", options.host}, {"port", server->port()}, {"tls", options.tls.has_value()}});
  return server;
}

/// Counts what stands against resources that HL7 v2 messages are mapped to. None is refused: what
/// was acknowledged is not lost.
std::function<void(store::Transaction const&)> count_findings(validate::WritePolicy policy,
                                                              validate::Library const& library,
                                                              Metrics& metrics) {
  if (policy.is_off()) return {};
  auto const counter = [&metrics](std::string const& severity) {
    return &metrics.counter("sinew_feed_findings_total",
                            "findings in resources mapped from HL7 v2, none of them refused",
                            {{"severity", severity}});
  };
  auto* const errors = counter("error");
  auto* const warnings = counter("warning");
  return [policy = std::move(policy), &library, errors,
          warnings](store::Transaction const& transaction) {
    for (auto const& change : transaction.changes) {
      if (change.body.empty() || policy.level_of(change.type) == validate::WriteLevel::off)
        continue;
      auto const document = json::Document::parse(change.body);
      if (!document) continue;  // the store says so
      for (auto const& finding :
           policy.check(document->root(), document->text(), library, system_clock().now())) {
        if (finding.severity == Severity::error) errors->add();
        if (finding.severity == Severity::warning) warnings->add();
      }
    }
  };
}

/// A connection URI without the password that may be in it.
std::string without_password(std::string const& store) {
  auto const scheme = store.find("://");
  if (scheme == store.npos) return store;
  auto const user = scheme + 3;
  auto const at = store.rfind('@', store.find('/', user));
  auto const colon = store.find(':', user);
  if (at == store.npos || at < user || colon > at) return store;
  return store.substr(0, colon) + store.substr(at);
}

/// What leaves, and the log of it; nothing of it without a folder of channels.
struct Outgoings {
  std::unique_ptr<store::DeliveryLog> log;
  std::unique_ptr<engine::Deliveries> deliveries;
};

Result<std::vector<engine::Channel>> channels_of(ServeSettings const& settings) {
  if (settings.channels.empty()) return std::vector<engine::Channel>();
  // Each of several processes would send everything.
  if (store::is_shared(settings.store)) {
    return fail(ErrorCode::not_supported, "channels need a store that is a file", "--channels");
  }
  return engine::read_channels(settings.channels);
}

Result<Outgoings> start_deliveries(ServeSettings const& settings, store::Store& store,
                                   Metrics& metrics, engine::HandOver hand_over,
                                   engine::ToFhir to_fhir, std::vector<engine::Channel> channels) {
  Outgoings outgoings;
  if (settings.channels.empty()) return outgoings;
  outgoings.log = TRY(store::DeliveryLog::open(settings.store + "-deliveries"));
  log(Level::info, "channels read", {{"folder", settings.channels}, {"channels", channels.size()}});
  outgoings.deliveries = engine::Deliveries::start(
      {store, *outgoings.log, metrics, system_clock(), std::move(hand_over), std::move(to_fhir)},
      std::move(channels));
  return outgoings;
}

/// The engine, once it is there, for those who pass messages from channel to channel.
struct EnginePlace {
  std::atomic<engine::Engine*> engine = nullptr;
  Result<> hand_over(std::string_view channel, std::string message) const {
    auto* const there = engine.load();
    if (there == nullptr) return fail(ErrorCode::unavailable, "the server is starting");
    TRY(there->hand_over(channel, std::move(message)));
    return {};
  }
};

Result<engine::Retention> retention_of(ServeSettings const& settings) {
  engine::Retention retention;
  retention.bytes_max = settings.store_bytes_max;
  if (settings.retention.empty()) return retention;
  auto const text = TRY(read_file(settings.retention));
  retention.rules = TRY(engine::read_retention(text, settings.retention));
  return retention;
}

/// The index of messages, and what removes them; null over a store that is not one file.
Result<std::unique_ptr<engine::Archive>> start_archive(ServeSettings const& settings,
                                                       store::Store& store,
                                                       store::DeliveryLog* deliveries,
                                                       engine::Engine& engine, Metrics& metrics) {
  auto retention = TRY(retention_of(settings));
  auto* const care = store.journal_care();
  if (care == nullptr) {
    if (!retention.rules.empty() || retention.bytes_max > 0)
      return fail(ErrorCode::not_supported, "retention needs a store that is a file");
    return std::unique_ptr<engine::Archive>();
  }
  auto keys = TRY(engine::MessageKeys::load());
  auto index = TRY(store::MessageIndex::open(settings.store + "-messages", keys.digest()));
  auto archive = std::make_unique<engine::Archive>(
      engine::Archive::Surroundings{store, *care, std::move(index), deliveries, metrics,
                                    system_clock(), [&engine] { return engine.backlog(); },
                                    [&engine] { engine.read_journal_again(); }},
      std::move(keys), std::move(retention));
  archive->start();
  return archive;
}

/// Tables and channels come into force together. What cannot be read changes nothing.
Result<> put_in_force(std::vector<engine::Channel> const& channels, FeedBook& feeds,
                      engine::Engine& engine, Outgoings const& outgoings,
                      engine::Sources& sources) {
  TRY(feeds.load(channels));
  for (auto& feed : feeds.in_force()) engine.set_feed(std::move(feed));
  log(Level::info, "mapping tables read again");
  if (!outgoings.deliveries) return {};
  outgoings.deliveries->set_channels(channels);
  sources.set_channels(channels);
  log(Level::info, "channels read again", {{"channels", channels.size()}});
  return {};
}

/// The packages that are installed or named: for $validate, and as resources that can be read.
Result<> take_packages(ServeSettings const& settings, store::Store& store,
                       validate::Library& library) {
  auto const folder = package_folder_of(settings.package_folder, settings.store);
  std::vector<validate::Package> packages;
  for (auto const& file : TRY(package_files(folder, settings.packages))) {
    packages.push_back(TRY(read_package_file(file)));
    log(Level::info, "package",
        {{"name", packages.back().name}, {"version", packages.back().version}});
  }
  for (auto const& line : TRY(store_definitions(store, packages))) {
    log(Level::warning, "search parameter not taken", {{"reason", line}});
  }
  for (auto& package : packages) library.add(std::move(package));
  return {};
}

void count_index_jobs(store::Store& store, Metrics& metrics) {
  auto& left =
      metrics.gauge("sinew_index_resources_left", "resources that index jobs have still to read");
  metrics.on_exposition([&store, &left] {
    std::uint64_t total = 0;
    if (auto const jobs = store.index_jobs()) {
      for (auto const& job : *jobs)
        total += job.finished ? 0 : job.total - std::min(job.done, job.total);
    }
    left.set(static_cast<std::int64_t>(total));
  });
}

std::vector<std::string> feed_names(std::vector<engine::FeedSettings> const& feeds) {
  std::vector<std::string> names;
  names.reserve(feeds.size());
  for (auto const& feed : feeds) names.push_back(feed.mapping.name);
  return names;
}

/// A name beside the store's file, for what is kept of this process; a server's store has none.
std::string beside_store(ServeSettings const& settings, std::string_view ending) {
  return (store::is_shared(settings.store) ? "sinew" : settings.store) + std::string(ending);
}

/// Nothing without a folder of contracts.
Result<std::unique_ptr<contract::Watch>> start_watch(ServeSettings const& settings,
                                                     Metrics& metrics) {
  if (settings.contracts.empty()) return nullptr;
  contract::Watch::Options options;
  options.learned_folder = beside_store(settings, "-learned");
  options.contract_folder = settings.contracts;
  options.window = std::chrono::seconds(settings.contract_window_seconds);
  return contract::Watch::start(std::move(options), metrics, system_clock());
}

void read_contracts_again(contract::Watch* watch) {
  if (watch == nullptr) return;
  if (auto const read = watch->read_contracts(); !read) {
    log(Level::error, "contracts not read again; the former stay in force",
        {{"reason", to_string(read.error())}});
  }
}

Result<engine::AlertRules> read_rules(ServeSettings const& settings) {
  return engine::read_alert_rules(TRY(read_file(settings.alerts)), settings.alerts);
}

/// Nothing without a file of rules.
Result<std::unique_ptr<engine::Alerts>> start_alerts(ServeSettings const& settings,
                                                     engine::AlertSurroundings around,
                                                     Outgoings const& outgoings) {
  if (settings.alerts.empty()) return nullptr;
  auto rules = TRY(read_rules(settings));
  around.deliveries = outgoings.deliveries.get();
  around.delivery_log = outgoings.log.get();
  for (auto const& file :
       {settings.mllp_certificate, settings.mllp_client_ca, settings.http_certificate}) {
    if (!file.empty()) around.certificates.push_back(file);
  }
  log(Level::info, "alert rules read", {{"file", settings.alerts}, {"rules", rules.rules.size()}});
  return engine::Alerts::start(std::move(rules), std::move(around),
                               beside_store(settings, "-alerts.json"));
}

void read_rules_again(ServeSettings const& settings, engine::Alerts* alerts) {
  if (alerts == nullptr) return;
  auto rules = read_rules(settings);
  if (!rules) {
    return log(Level::error, "alert rules not read again; the former stay in force",
               {{"reason", to_string(rules.error())}});
  }
  alerts->set_rules(*std::move(rules));
  log(Level::info, "alert rules read again", {{"file", settings.alerts}});
}

/// Start order: store, engine (which finishes what an earlier process left), API, then the sockets.
/// Stop order: the sockets, what is under way, the store.
Result<> run_server(ServeSettings const& settings) {
  auto listeners = TRY(read_feeds(settings));
  auto const ack =
      settings.acknowledge == "applied" ? engine::AckPolicy::applied : engine::AckPolicy::durable;
  FeedBook feeds(std::move(listeners), ack);
  // The two halves of the start-up, side by side.
  auto channels = TRY(channels_of(settings));
  auto compiling =
      std::async(std::launch::async, [&feeds, &channels] { return feeds.load(channels); });
  Metrics metrics;
  store::StoreOptions store_options;
  store_options.path = settings.store;
  auto const store = TRY(store::open_store(store_options, system_clock()));
  TRY(compiling.get());

  validate::Library library;
  TRY(take_packages(settings, *store, library));
  count_index_jobs(*store, metrics);
  auto const policy = TRY(validate::WritePolicy::parse(settings.validate_writes));
  TRY(policy.check_known(library));

  net::Loop loop(kLoopThreads);
  engine::EngineOptions engine_options;
  engine_options.workers = settings.workers;
  engine_options.on_mapped = count_findings(policy, library, metrics);
  auto const watch = TRY(start_watch(settings, metrics));
  if (watch) {
    engine_options.on_received = [&watch](auto feed, auto const& message, auto const& groups,
                                          Instant received) {
      watch->received(feed, message, groups, received);
    };
  }
  EnginePlace place;
  auto const outgoings = TRY(start_deliveries(
      settings, *store, metrics,
      [&place](auto channel, auto message) { return place.hand_over(channel, std::move(message)); },
      to_fhir_by(tables_of(feeds)), channels));
  if (auto* const deliveries = outgoings.deliveries.get()) {
    engine_options.route = [deliveries](auto const& entry) { return deliveries->route(entry); };
    engine_options.on_routed = [deliveries] { deliveries->wake(); };
  }
  auto const engine =
      engine::Engine::start(*store, metrics, system_clock(), engine_options, feeds.in_force());
  place.engine = engine.get();

  auto const archive = TRY(start_archive(settings, *store, outgoings.log.get(), *engine, metrics));

  // Of several processes on one store, the others finish what one that died had taken in.
  store->when_abandoned([&engine] { engine->read_journal_again(); });

  rest::Options rest_options;
  rest_options.software_version = SINEW_VERSION;
  rest_options.cors_origins = settings.cors_origins;
  rest_options.conditional_delete_max = settings.conditional_delete_max;
  if (!settings.http_certificate.empty()) rest_options.scheme = "https";
  rest_options.check_write = rest::make_write_check(policy, library, metrics, system_clock());
  rest::Service service(*store, metrics, system_clock(), rest_options);
  service.add_operation({
      .name = "source",
      .definition = "urn:sinew:operation:source",
      .levels = {rest::Level::instance},
      .parameters = {{"element", "string"}},
      .handler = [&](rest::OperationCall const& asked) { return answer_source(feeds, asked); },
      .audit = 'R',
  });
  rest::add_operations(service, {.allows_purge = settings.allows_purge});
  CoverageReport coverage(*store, library, system_clock());
  service.add_route({"GET", "/uscdi", "uscdi", 'R',
                     [&coverage](rest::Call const& call) { return coverage.answer(call); }});
  rest::add_validation(service, library);
  graphql::add_graphql(service);
  TRY(documents::add_documents(service));
  add_web_console(service);
  add_message_routes(service, {*store, tables_of(feeds), outgoings.log.get(), archive.get()});
  if (outgoings.deliveries) add_delivery_routes(service, *outgoings.deliveries, *outgoings.log);

  auto const sources = engine::Sources::start({*engine, loop, metrics, system_clock()}, channels);
  add_source_routes(service, *sources);
  auto const put = [&](std::vector<engine::Channel> const& fresh) {
    return put_in_force(fresh, feeds, *engine, outgoings, *sources);
  };
  ChannelsInForce in_force(settings.channels, settings.store + "-channels", put, system_clock());
  if (outgoings.deliveries) {
    TRY(in_force.start(std::move(channels)));
    in_force.add_routes(service);
  }
  engine::AlertSurroundings around{.store = *store,
                                   .metrics = metrics,
                                   .clock = system_clock(),
                                   .store_path = settings.store,
                                   .feeds = [&feeds] { return feed_names(feeds.in_force()); }};
  if (watch) {
    add_contract_routes(service, *watch);
    around.drift = [&watch] { return feed_drifts(*watch); };
    around.usual_silence = [&watch](auto feed, Instant now) {
      return watch->usual_silence_s(feed, now);
    };
  }
  auto const alerts = TRY(start_alerts(settings, std::move(around), outgoings));
  if (alerts) add_alert_routes(service, *alerts);
  auto const http = TRY(listen_http(loop, service, settings));
  TRY(listen_mllp(*engine, loop, feeds, settings));
  loop.run();
  log(Level::info, "ready", {{"store", without_password(settings.store)}});

  net::wait_for_signal([&] {
    auto const read = [&]() -> Result<> {
      if (!outgoings.deliveries) return put({});
      (void)TRY(in_force.apply());
      return {};
    }();
    if (!read) {
      log(Level::error, "tables and channels not read again; the former stay in force",
          {{"reason", to_string(read.error())}});
    }
    read_rules_again(settings, alerts.get());
    read_contracts_again(watch.get());
  });
  log(Level::info, "stopping");
  store->when_abandoned({});
  http->stop();
  if (archive) archive->stop();
  sources->stop();
  if (alerts) alerts->stop();
  // Before the engine: what is handed from channel to channel is taken in by it.
  if (outgoings.deliveries) outgoings.deliveries->stop();
  engine->stop();
  if (watch) watch->stop();
  loop.stop();
  return {};
}

}  // namespace

int serve(ServeSettings const& settings) {
  set_log_level(parse_level(settings.log_level).value_or(Level::info));
  auto const served = run_server(settings);
  if (!served) return complain(served.error()), kExitFailed;
  return kExitSuccess;
}

}  // namespace sinew::app
