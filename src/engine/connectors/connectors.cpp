#include <algorithm>
#include <array>

#include "engine/connectors/connector.h"
#include "engine/connectors/settings.h"

namespace sinew::engine {
namespace {

// clang-format off
constexpr auto kConnectors = std::to_array<Connector>({
    // name     comes in by       leaves by
    {"amqp",    read_amqp_source, read_amqp_target},
    {"channel", read_channel_source, read_channel_target},
    {"file",    read_file_source, read_file_target},
    {"http",    read_http_source, read_http_target},
    {"kafka",   read_kafka_source, read_kafka_target},
    {"mllp",    read_mllp_source,          read_mllp_target},
    {"nats",    read_nats_source, read_nats_target},
    {"sftp",    read_sftp_source, read_sftp_target},
    {"smtp",    nullptr,          read_smtp_target},
    {"sql",     read_sql_source,  read_sql_target},
    {"tcp",     read_tcp_source,  read_tcp_target},
});
// clang-format on
static_assert(std::ranges::is_sorted(kConnectors, {}, &Connector::name));

}  // namespace

std::span<Connector const> connectors() { return kConnectors; }

}  // namespace sinew::engine
