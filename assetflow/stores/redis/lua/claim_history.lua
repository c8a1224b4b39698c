-- claim_history: have the facts of this server go to a history.
-- ARGV[1]  its identity
-- ARGV[2]  1 to do so although they go to another one
-- Returns  the identity of the one they go to
-- Twice:   nothing more happens.

local owner = redis.call("GET", "af:history")
if owner == ARGV[1] or (owner and ARGV[2] ~= "1") then
  return owner
end
redis.call("SET", "af:history", ARGV[1])
-- Runs that were there before anybody recorded them.
for _, list in ipairs({ "af:runs", "af:recent" }) do
  for _, run in ipairs(redis.call("ZRANGE", list, 0, -1)) do
    local created = redis.call("HGET", "af:" .. run .. ":meta", "created")
    if created then
      redis.call("ZADD", "af:unrecorded", created, run)
    end
  end
end
return ARGV[1]
