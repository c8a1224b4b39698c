-- reclaim: take back what a slot, or every slot of a worker, holds.
-- ARGV[1]  "worker:child" or "worker"
-- ARGV[2]  proof: "child" (a process died), "timeout" (it was killed because its step ran for too long),
--          "worker" (all of it is gone), "drain" (given back in peace)
-- ARGV[3]  the step that ran when the child died, -1 for none; it alone is blamed
-- ARGV[4]  msgpack of runs.claims.Outcome for that step, "" to have it run again
-- ARGV[5]  what is told of the culprit's death, JSON of runs.facts.StepDetail; "" for nothing
-- Returns  msgpack list of announcements
-- Twice:   the second time there is nothing left to take.

local who, proof, culprit = ARGV[1], ARGV[2], tonumber(ARGV[3])
local judged = ARGV[4] ~= "" and cmsgpack.unpack(ARGV[4]) or nil

if not load_run() or over() then
  return cmsgpack.pack({})
end

local function matches(slot)
  return slot == who or string.sub(slot, 1, #who + 1) == who .. ":"
end

local function take_back(slot, entry)
  if entry.x then
    for _, claim in ipairs(entry.c) do
      release(claim[1])
    end
    M.held = M.held - 1
    entry.c = {}
  end
  for _, claim in ipairs(entry.c) do
    local i = claim[1]
    if proof == "child" and i == culprit then
      bump(i, 2)
    elseif proof == "worker" then
      bump(i, 3)
    end
    if proof ~= "drain" and proof ~= "timeout" then
      local told = i == culprit and ARGV[5] ~= "" and cjson.decode(ARGV[5]) or {}
      told.slot, told.proof, told.blamed = slot, proof, i == culprit
      fact("step_lost", i, whole(claim[2]), cjson.encode(told))
    end
    if judged and judged[1] == i and judged[2] == claim[3] then
      ENTRY = entry
      settle(claim, judged)
    else
      give_back(i)
    end
  end
  for _, item in ipairs(entry.u) do
    redis.call("RPUSH", CHORES, cmsgpack.pack(item))
  end
  redis.call("HDEL", SLOTS, slot)
end

for _, slot in ipairs(redis.call("HKEYS", SLOTS)) do
  if matches(slot) then
    take_back(slot, cmsgpack.unpack(redis.call("HGET", SLOTS, slot)))
  end
end
finish_if_done()
local found = announcements()
save()
return cmsgpack.pack(found)
