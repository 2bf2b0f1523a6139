-- os: dates, clocks, files, the environment.
print(os.date("!%Y-%m-%d %H:%M:%S %a %b %j", 0), os.date("!%c", 1e9))
local t = os.date("!*t", 86400 * 365)
print(t.year, t.month, t.day, t.hour, t.min, t.sec, t.wday, t.yday, t.isdst)
print(os.time({year = 2024, month = 2, day = 30, hour = 12}), os.time({year = 1970, month = 1, day = 1, hour = 0}))
print(os.difftime(10, 5), pcall(os.date, "%E"), pcall(os.time, {year = 2024}))

local now, clock = os.time(), os.clock()
assert(now > 1600000000, "the machine's clock is before 2020")
local spin = 0
while os.clock() - clock < 0.02 do spin = spin + 1 end
assert(spin > 0 and os.time() >= now)

local name = os.tmpname()
print(name:match("^/tmp/lua_") ~= nil)
local file = assert(io.open(name, "w"))
file:write("data")
file:close()
print(os.rename(name, name .. ".moved"), io.open(name), os.remove(name .. ".moved"))
print(os.rename("/no/such", "/tmp/x"))
print(os.getenv("NO_SUCH_VARIABLE"), os.setlocale(), os.setlocale("C"), os.setlocale("xx_XX"))
