-- beat: a worker says that it is alive.
-- ARGV[1] worker  ARGV[2] info (JSON)  ARGV[3] busy slots  ARGV[4] slots  ARGV[5] msgpack list of queues
-- ARGV[6] longest gap in ms between two beats of anyone that still counts as calm
-- ARGV[7] host
-- Keys: af:workers zset worker -> ms of its last beat; af:w:{worker} hash; af:calm hash last, since;
--       af:q hash queue -> slots of the workers that serve it; af:quarantine:{host} string with TTL
-- Returns 1 if the host is in quarantine, else 0

local worker, gap = ARGV[1], tonumber(ARGV[6])
local clock = redis.call("TIME")
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local key = "af:w:" .. worker

-- After a pause of the server, or of everyone, beats start anew; nobody is dead because of it.
local last = tonumber(redis.call("HGET", "af:calm", "last") or 0)
if now - last > gap or now < last then
  redis.call("HSET", "af:calm", "since", now)
end
redis.call("HSET", "af:calm", "last", now)

local serves = ARGV[4] .. "|" .. ARGV[5]
local changed = redis.call("HGET", key, "serves") ~= serves
redis.call("ZADD", "af:workers", now, worker)
redis.call("HSET", key, "info", ARGV[2], "busy", ARGV[3], "slots", ARGV[4], "queues", ARGV[5], "serves", serves, "host", ARGV[7])

if changed then
  local sum = {}
  for _, other in ipairs(redis.call("ZRANGE", "af:workers", 0, -1)) do
    local row = redis.call("HMGET", "af:w:" .. other, "slots", "queues")
    if row[1] then
      for _, queue in ipairs(cmsgpack.unpack(row[2])) do
        sum[queue] = (sum[queue] or 0) + tonumber(row[1])
      end
    end
  end
  redis.call("DEL", "af:q")
  for queue, slots in pairs(sum) do
    redis.call("HSET", "af:q", queue, slots)
  end
end
return redis.call("EXISTS", "af:quarantine:" .. ARGV[7])
