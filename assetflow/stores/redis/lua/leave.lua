-- leave: forget a worker.
-- ARGV[1] worker
-- ARGV[2] 1 if it died   ARGV[3] deaths that a host may have   ARGV[4] seconds that deaths count, and a quarantine lasts
-- Keys: as in beat; af:loaded:{worker} hash module -> fingerprint of its code, with TTL; af:deaths:{host} string with TTL
-- Returns 1 if it was known. Twice: nothing more happens.

local worker = ARGV[1]
local key = "af:w:" .. worker
local row = redis.call("HMGET", key, "slots", "queues", "host")
redis.call("ZREM", "af:workers", worker)
redis.call("DEL", key, "af:loaded:" .. worker)
if not row[1] then
  return 0
end
if ARGV[2] == "1" and row[3] then
  local deaths = redis.call("INCR", "af:deaths:" .. row[3])
  redis.call("EXPIRE", "af:deaths:" .. row[3], ARGV[4])
  if deaths > tonumber(ARGV[3]) then
    redis.call("SET", "af:quarantine:" .. row[3], "1", "EX", ARGV[4])
  end
end
for _, queue in ipairs(cmsgpack.unpack(row[2])) do
  if redis.call("HINCRBY", "af:q", queue, -tonumber(row[1])) <= 0 then
    redis.call("HDEL", "af:q", queue)
  end
end
return 1
