-- set_limit: how many may hold a pool, or be under way, at once. Those that fit now are let in.
-- KEYS[1]  "af::" (no run)
-- ARGV[1]  "pool" or "run"   ARGV[2]  name   ARGV[3]  limit, "" for none
-- Returns  msgpack list of announcements
-- Twice:   nothing more happens.

local table_key = ARGV[1] == "pool" and "af:pools" or "af:limits"
if ARGV[3] == "" then
  redis.call("HDEL", table_key, ARGV[2])
else
  redis.call("HSET", table_key, ARGV[2], ARGV[3])
end
if ARGV[1] == "pool" then
  hand_on(ARGV[2])
else
  begin_others()
end
return cmsgpack.pack(WOKEN)
