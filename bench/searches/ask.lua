-- Asks what a file says, line by line and over again: "GET /fhir/..." or "PUT /fhir/... {body}".
-- Each thread begins elsewhere in the file. A GET that is not answered 200, or finds nothing, is bad.

local lines, at = {}, 0
local json = { ["Content-Type"] = "application/fhir+json" }
local threads = {}

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

function init(args)
  bad, sample = 0, ""
  for line in io.lines(args[1]) do
    local method, path, body = line:match("^(%u+) (%S+) ?(.*)$")
    table.insert(lines, wrk.format(method, path, method == "PUT" and json or nil, method == "PUT" and body or nil))
  end
  at = math.floor(#lines / 2) * number
end

function request()
  at = at % #lines + 1
  return lines[at]
end

function response(status, headers, body)
  if status ~= 200 or body:find('"total":0', 1, true) then
    bad = bad + 1
    sample = status .. " " .. body:sub(1, 300)
  end
end

function done(summary, latency)
  local count, text = 0, ""
  for _, thread in ipairs(threads) do
    count = count + thread:get("bad")
    if thread:get("sample") ~= "" then text = thread:get("sample") end
  end
  local errors = summary.errors
  io.write(string.format("ASKED %d %d %d %d %d %d %s\n", summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    latency.max, count + errors.connect + errors.read + errors.write + errors.timeout, text))
end
