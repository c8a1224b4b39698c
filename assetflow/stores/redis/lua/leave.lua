-- leave: forget a worker.
-- ARGV[1] worker
-- Keys: as in beat
-- Returns 1 if it was known. Twice: nothing more happens.

local worker = ARGV[1]
local key = "af:w:" .. worker
local row = redis.call("HMGET", key, "slots", "queues")
redis.call("ZREM", "af:workers", worker)
redis.call("DEL", key)
if not row[1] then
  return 0
end
for _, queue in ipairs(cmsgpack.unpack(row[2])) do
  if redis.call("HINCRBY", "af:q", queue, -tonumber(row[1])) <= 0 then
    redis.call("HDEL", "af:q", queue)
  end
end
return 1
