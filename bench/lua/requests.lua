-- Requests for wrk, as many kinds as the bench needs. Every one is complete: an identity, a fresh idempotency key,
-- a body. Text is joined by hand: wrk.format would make wrk the limit.
--   wrk -t1 … -s requests.lua URL -- KIND RUN LIMIT [FILE …]
-- KIND   order | claim | paid | read
-- RUN    text that makes this run's keys its own
-- LIMIT  requests after which it ends; 0: when the time is over
-- FILE   lists, one entry a line; what they hold depends on the kind

local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long seconds; long microseconds; } levee_time;
  int gettimeofday(levee_time *now, void *zone);
  int getpid(void);
  int kill(int process, int signal);
]]
local SIGINT = 2
local clock = ffi.new("levee_time")
local function now_ms()
  ffi.C.gettimeofday(clock, nil)
  return tonumber(clock.seconds) * 1000 + tonumber(clock.microseconds) / 1000
end

-- One thread is enough (it keeps up with bare Fastify at half a core), and so its state is all there is.
local worker

function setup(thread)
  worker = thread
end

local function lines_of(path)
  local lines = {}
  for line in io.lines(path) do lines[#lines + 1] = line end
  return lines
end

local kind, run, limit, host
local counter, answered, started = 0, 0, 0
local list, identities
local waiting, waiting_first, waiting_last = {}, 1, 0
-- Read by `done`, which runs in another state: globals only.
codes = {}
oldest = 0
-- Of a load that ends by its number of requests: from the first to the last answer, ms.
took = 0

function init(args)
  kind, run, limit = args[1], args[2], tonumber(args[3])
  host = wrk.host .. ":" .. wrk.port
  list = lines_of(args[4])
  if args[5] then identities = lines_of(args[5]) end
  math.randomseed(17)
end

local function post(path, authorization, key, body)
  return "POST " .. path .. " HTTP/1.1\r\nHost: " .. host .. "\r\nAuthorization: " .. authorization
    .. "\r\nIdempotency-Key: " .. key .. "\r\nContent-Type: application/json\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end

local function get(path)
  return "GET " .. path .. " HTTP/1.1\r\nHost: " .. host .. "\r\n\r\n"
end

local function in_turn(entries)
  return entries[(counter - 1) % #entries + 1]
end

local kinds = {}

-- Bodies and identities in turn.
function kinds.order()
  return post("/v1/orders", in_turn(identities), run .. "-" .. counter, in_turn(list))
end

-- Paths of coupons in turn, every request from the next member.
function kinds.claim()
  return post(in_turn(list), in_turn(identities), run .. "-" .. counter, "{}")
end

function kinds.read()
  return get(in_turn(list))
end

-- A complete guest order: what was placed is paid next, by the guest who placed it. Which one that was comes back
-- in the request's id: wrk does not say which request an answer belongs to.
function kinds.paid()
  if waiting_first <= waiting_last then
    local order, guest = waiting[waiting_first][1], waiting[waiting_first][2]
    waiting[waiting_first] = nil
    waiting_first = waiting_first + 1
    return post("/v1/orders/" .. order .. "/payments", identities[guest], "pay-" .. order, '{"token":"tok_ok"}')
  end
  local guest = (counter - 1) % #identities + 1
  local id = identities[guest] .. "\r\nX-Request-Id: guest-" .. guest
  return post("/v1/orders", id, run .. "-" .. counter, in_turn(list))
end

local verified = false

function request()
  -- The first one is never sent: wrk only looks at how it is made.
  if not verified then
    verified = true
    return get("/health/live")
  end
  -- wrk must send something: what comes after the last one is not counted.
  if limit > 0 and counter >= limit then return get("/health/live") end
  if counter == 0 then started = now_ms() end
  counter = counter + 1
  return kinds[kind]()
end

-- Counted by status, so that no refusal passes for a success.
function response(status, headers, body)
  local what = status
  if kind == "paid" then
    if body:find('"paymentId"', 1, true) then
      what = status .. " paid"
    else
      local order = body:match('"orderId":"([^"]+)"')
      if status == 201 and order then
        waiting_last = waiting_last + 1
        waiting[waiting_last] = { order, tonumber(headers["x-request-id"]:match("%d+")) }
      end
    end
  elseif kind == "read" then
    local as_of = body:match('"asOf":(%d+)')
    if as_of then
      local age = now_ms() - tonumber(as_of)
      if age > oldest then oldest = age end
    else
      what = status .. " without asOf"
    end
  elseif limit > 0 and body:find('"live"', 1, true) then
    return
  end
  codes[what] = (codes[what] or 0) + 1
  answered = answered + 1
  if limit > 0 and answered == limit then
    took = now_ms() - started
    -- The way of Ctrl-C: wrk's own thread:stop would let the rest of the time pass.
    ffi.C.kill(ffi.C.getpid(), SIGINT)
  end
end

local function limited_or(duration)
  local ms = worker:get("took")
  return ms > 0 and ms * 1000 or duration
end

function done(summary, latency)
  local text = {}
  for what, count in pairs(worker:get("codes")) do text[#text + 1] = '"' .. what .. '":' .. count end
  io.write(string.format(
    '\nLEVEE {"requests":%d,"microseconds":%d,"errors":%d,"p50":%.1f,"p99":%.1f,"oldest":%.1f,"codes":{%s}}\n',
    summary.requests, limited_or(summary.duration),
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50), latency:percentile(99), worker:get("oldest"), table.concat(text, ",")))
end
