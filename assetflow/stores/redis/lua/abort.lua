-- abort: end a run that cannot be carried, as failed.
-- ARGV[1]  detail of the fact, JSON: why
-- Returns  msgpack {the run's status, announcements for other runs, whether to call again}, or the error reply NORUN
-- Twice:   nothing more happens.

if not load_run() then
  return redis.error_reply("NORUN")
end
if over() then
  return cmsgpack.pack({ M.status, {}, false })
end

local more
if M.status == "CANCELLING" then
  more = void_more()
else
  more = void("FAILED")
  fact("run_aborted", "", 0, ARGV[1])
end
finish_if_done()
local found = announcements()
save()
return cmsgpack.pack({ M.status, found, more })
