-- Requests for wrk, as many kinds as the bench needs, chosen by the first argument. Every one is complete: an
-- identity, a fresh idempotency key, a body. Text is joined by hand: wrk.format would make wrk the limit.
--   wrk … -s requests.lua URL -- KIND RUN [FILE …]
-- KIND  order | lines | claim | paid | read | plain-order | plain-read
-- RUN   text that makes this run's keys its own

local thread_count = 0
local threads = {}

function setup(thread)
  thread:set("thread_no", thread_count)
  thread_count = thread_count + 1
  table.insert(threads, thread)
end

local function lines_of(path)
  local lines = {}
  for line in io.lines(path) do lines[#lines + 1] = line end
  return lines
end

local kind, run, host
local counter = 0
local list, identities
local waiting = {}
local waiting_first, waiting_last = 1, 0
codes = {}

function init(args)
  kind, run = args[1], args[2]
  host = wrk.host .. ":" .. wrk.port
  if args[3] then list = lines_of(args[3]) end
  if args[4] then identities = lines_of(args[4]) end
  math.randomseed(thread_no * 7919 + 17)
end

local function post(path, authorization, key, body)
  return "POST " .. path .. " HTTP/1.1\r\nHost: " .. host .. "\r\nAuthorization: " .. authorization
    .. "\r\nIdempotency-Key: " .. key .. "\r\nContent-Type: application/json\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end

local function get(path)
  return "GET " .. path .. " HTTP/1.1\r\nHost: " .. host .. "\r\n\r\n"
end

local function key()
  return run .. "-" .. thread_no .. "-" .. counter
end

local kinds = {}

-- One body for all, identities in turn.
function kinds.order()
  return post("/v1/orders", identities[counter % #identities + 1], key(), list[1])
end
-- A body of the list at random: lines drawn by the file's popularity beforehand.
function kinds.lines()
  return post("/v1/orders", identities[counter % #identities + 1], key(), list[math.random(#list)])
end
-- Every claim from another member: identities are used once, threads take turns.
function kinds.claim()
  local member = identities[((counter - 1) * 2 + thread_no) % #identities + 1]
  return post(list[1], member, key(), "{}")
end
function kinds.read()
  return get(list[math.random(#list)])
end

-- A complete guest order: what was placed is paid next. The order's id is the client's own.
function kinds.paid()
  if waiting_first <= waiting_last then
    local order = waiting[waiting_first]
    waiting[waiting_first] = nil
    waiting_first = waiting_first + 1
    return post("/v1/orders/" .. order .. "/payments", identities[1], "pay-" .. order, '{"token":"tok_ok"}')
  end
  return post("/v1/orders", identities[1], key(), list[1])
end

function request()
  counter = counter + 1
  return kinds[kind]()
end

-- Counted by status, so that no refusal passes for a success.
function response(status, headers, body)
  codes[status] = (codes[status] or 0) + 1
  if kind == "paid" and status == 201 then
    local order = body:match('"orderId":"([^"]+)","state":"placed"')
    if order then
      waiting_last = waiting_last + 1
      waiting[waiting_last] = order
    end
  end
end

function done(summary, latency)
  local all = {}
  for _, thread in ipairs(threads) do
    for status, count in pairs(thread:get("codes")) do all[status] = (all[status] or 0) + count end
  end
  local text = {}
  for status, count in pairs(all) do text[#text + 1] = '"' .. status .. '":' .. count end
  io.write(string.format(
    '\nLEVEE {"requests":%d,"microseconds":%d,"errors":%d,"p50":%.1f,"p99":%.1f,"codes":{%s}}\n',
    summary.requests, summary.duration,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50), latency:percentile(99), table.concat(text, ",")))
end
