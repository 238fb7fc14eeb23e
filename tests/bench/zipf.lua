-- wrk: COUNT calls of Calc.Times whose arguments follow Zipf's law, then the end. One thread (-t1).
--   TARGET=gateway|worker  AUTH="Bearer ..."  COUNT  KEYS  S (the exponent)  TTL_MS  wrk -t1 -c16 -d600s -s zipf.lua URL
-- Prints {"seconds", "requests", "bad", "ideal"}: `ideal` is how often one perfect cache of that time to live would have
-- asked the executor, for these calls at these times.
local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long s; long us; } toolgate_time;
  int gettimeofday(toolgate_time *time, void *zone);
  int getpid(void);
  int kill(int pid, int signal);
]]
local time = ffi.new("toolgate_time")
local function now_ms()
  ffi.C.gettimeofday(time, nil)
  return tonumber(time.s) * 1000 + tonumber(time.us) / 1000
end

local env = function(name) return tonumber(os.getenv(name)) end
local count, keys, exponent, ttl = env("COUNT"), env("KEYS"), env("S"), env("TTL_MS")
local is_worker = os.getenv("TARGET") == "worker"
local path = is_worker and "/worker/tools/invoke" or "/v1/tools/execute"
local sums, sum = {}, 0
for key = 1, keys do
  sum = sum + 1 / key ^ exponent
  sums[key] = sum
end
local fetched, sent, ended, thread = {}, 0, 0, nil
ideal, bad, began, took = 0, 0, nil, 0

function setup(one) thread = one end

function init()
  math.randomseed(1)
  wrk.headers["content-type"] = "application/json"
  wrk.headers["authorization"] = os.getenv("AUTH")
end

local function draw()
  local at, low, high = math.random() * sum, 1, keys
  while low < high do
    local middle = math.floor((low + high) / 2)
    if sums[middle] < at then low = middle + 1 else high = middle end
  end
  return low
end

function request()
  sent = sent + 1
  local key, now = draw(), now_ms()
  began = began or now
  if sent <= count and (not fetched[key] or now - fetched[key] >= ttl) then
    fetched[key], ideal = now, ideal + 1
  end
  local input = string.format('{"a":"%d","b":"2"}', key)
  if is_worker then
    return wrk.format("POST", path, nil, string.format('{"execution_id":"ex_%d","tool":{"name":"Times","toolkit":"Calc",'
      .. '"version":"%s"},"inputs":%s,"context":{"user_id":"u"}}', sent, os.getenv("VERSION"), input))
  end
  return wrk.format("POST", path, nil, string.format('{"tool_name":"Calc.Times","user_id":"u","input":%s}', input))
end

function response(status, _, body)
  ended = ended + 1
  if status ~= 200 or not body:find('"success": ?true') then bad = bad + 1 end
  if ended == count then
    took = now_ms() - began
    -- wrk knows only durations; an interrupt is how it is ended.
    ffi.C.kill(ffi.C.getpid(), 2)
  end
end

function done(summary)
  io.write(string.format('RESULT {"seconds":%.3f,"requests":%d,"bad":%d,"ideal":%d}\n', thread:get("took") / 1000, summary.requests,
    thread:get("bad"), thread:get("ideal")))
end
