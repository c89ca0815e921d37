-- Create, read, update, delete, over and over: each answer says what its resource goes through next.
-- wrk gives no connection to its callbacks, so what waits is one queue for all connections of a thread.

local bodies = {}  -- { type, text }
local waiting, first, last = {}, 1, 0
local made, failed = 0, {}
local threads = {}
local json = { ["Content-Type"] = "application/fhir+json" }

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  for line in io.lines(args[1]) do
    local kind = line:match('^{"resourceType":"(%a+)"')
    table.insert(bodies, { kind, line })
  end
  bad = 0
  sample = ""
  created, read, updated, deleted = 0, 0, 0, 0
end

local function push(method, path, body)
  last = last + 1
  waiting[last] = wrk.format(method, "/fhir/" .. path, json, body)
end

function request()
  if first <= last then
    local text = waiting[first]
    waiting[first] = nil
    first = first + 1
    return text
  end
  made = made + 1
  local body = bodies[made % #bodies + 1]
  return wrk.format("POST", "/fhir/" .. body[1], json, (body[2]:gsub("@", tostring(made))))
end

function response(status, headers, body)
  local kind, id = body:match('^{"resourceType":"(%a+)","id":"([^"]+)"')
  if status == 201 then
    created = created + 1
    push("GET", kind .. "/" .. id)
  elseif status == 200 and body:find('"versionId":"1"', 1, true) then
    read = read + 1
    push("PUT", kind .. "/" .. id, (body:gsub('"language":"en"', '"language":"fr"', 1)))
  elseif status == 200 then
    updated = updated + 1
    push("DELETE", kind .. "/" .. id)
  elseif status == 204 then
    deleted = deleted + 1
  else
    bad = bad + 1
    sample = status .. " " .. body:sub(1, 200)
  end
end

function done(summary, latency)
  local sum = { created = 0, read = 0, updated = 0, deleted = 0, bad = 0 }
  local text = ""
  for _, thread in ipairs(threads) do
    for name in pairs(sum) do sum[name] = sum[name] + thread:get(name) end
    if thread:get("sample") ~= "" then text = thread:get("sample") end
  end
  local errors = summary.errors
  io.write(string.format("MIX %d %d %d %d %d %d %d %d %d %s\n", summary.requests, summary.duration,
    sum.created, sum.read, sum.updated, sum.deleted,
    sum.bad + errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99), text))
end
