#include "api/operations/registrations.h"
#include "api/rest/write_parts.h"

namespace sinew::rest {
namespace {

void write_job(json::Writer& writer, store::IndexJob const& job) {
  writer.begin_object();
  writer.member("name", "job");
  writer.key("part");
  writer.begin_array();
  write_text_parameter(writer, "id", "valueString", std::to_string(job.id));
  if (!job.type.empty()) write_text_parameter(writer, "type", "valueCode", job.type);
  if (!job.path.empty()) write_text_parameter(writer, "path", "valueString", job.path);
  write_parameter(writer, "done", "valueDecimal", std::to_string(job.done));
  write_parameter(writer, "total", "valueDecimal", std::to_string(job.total));
  write_text_parameter(writer, "started", "valueInstant", to_string(job.started));
  if (job.finished)
    write_text_parameter(writer, "finished", "valueInstant", to_string(*job.finished));
  writer.end_array();
  writer.end_object();
}

/// POST begins the jobs; either way the answer says how far all of them are.
Result<Answer> answer_reindex(OperationCall const& asked) {
  auto& store = asked.context.store;
  if (asked.call.http.method == "POST") TRY(store.reindex(asked.call.type));
  auto const jobs = TRY(store.index_jobs());
  Answer answer;
  json::Writer writer(answer.body);
  writer.begin_object();
  writer.member("resourceType", "Parameters");
  bool is_first = true;
  for (auto const& job : jobs) {
    if (!asked.call.type.empty() && job.type != asked.call.type) continue;
    if (is_first) {
      writer.key("parameter");
      writer.begin_array();
    }
    is_first = false;
    write_job(writer, job);
  }
  if (!is_first) writer.end_array();
  writer.end_object();
  return answer;
}

}  // namespace

/// No standard has it; the name is the one that other servers know it by.
Operation reindex() {
  Operation operation;
  operation.name = "reindex";
  operation.definition = "urn:sinew:operation:reindex";
  operation.levels = {Level::system, Level::type};
  operation.handler = answer_reindex;
  return operation;
}

}  // namespace sinew::rest
