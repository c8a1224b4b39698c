-- holds: whether a slot still holds a claim.
-- ARGV[1] slot   ARGV[2] step   ARGV[3] nonce
-- Returns  1 or 0. Writes nothing.

local raw = redis.call("HGET", SLOTS, ARGV[1])
if not raw then
  return 0
end
local entry = cmsgpack.unpack(raw)
if entry.x then
  return 0
end
for _, claim in ipairs(entry.c) do
  if claim[1] == tonumber(ARGV[2]) and claim[3] == tonumber(ARGV[3]) then
    return 1
  end
end
return 0
