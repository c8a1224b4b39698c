-- What became of a claim that the caller is known to hold. Shared by advance and resync.

local function settle(claim, outcome)
  local i, verdict, detail = outcome[1], outcome[3], outcome[8]
  if verdict == "R" then
    give_back(i)
    return
  end
  release(i)
  local token = whole(claim[2])
  if verdict == "S" then
    move(i, "C", "succeed")
    local version = struct.pack(">I8I4", claim[2], claim[3])
    for _, output in ipairs(outcome[4]) do
      put(VERSIONS, output, version)
    end
    for _, output in ipairs(outcome[7]) do
      ENTRY.u[#ENTRY.u + 1] = { output, claim[2], claim[3] }
      M.unpub = M.unpub + 1
    end
    fact("step_succeeded", i, token, detail)
    spread("unlock", outcome[5])
    spread("prune", outcome[6])
  elseif verdict == "F" then
    move(i, "C", "fail")
    M.failed = M.failed + 1
    fact("step_failed", i, token, detail)
    spread("doom", outcome[6])
  elseif verdict == "D" then
    move(i, "C", "retry")
    bump(i, 1)
    redis.call("ZADD", DUE, NOW + outcome[9], member(i))
    fact("step_retry", i, token, detail)
  end
end
