-- Errors: pcall, xpcall, error values, levels, overflow of stack and memory, debug information.
print(pcall(error, "plain", 0))
print(pcall(error, {}) == false, select(2, pcall(error)))
print(select(2, pcall(function() local t = nil; return t.field end)))
print(select(2, pcall(function() return 1 + {} end)))
print(select(2, pcall(function() return #5 end)))
print(select(2, pcall(function() return {} < {} end)))
print(select(2, pcall(string.rep)))
print(select(2, pcall(setmetatable, 1, {})))
print(select(2, pcall(function() undefined_function() end)))
print(xpcall(function() error("inner", 2) end, function(m) return "handled: " .. m:gsub("^.-: ", "") end))
print(pcall(pcall, error, "nested"))

local function overflow() return 1 + overflow() end
local ok, problem = pcall(overflow)
print(ok, problem:match("stack overflow"))
print(pcall(string.rep, "x", 1 << 31, "y") == false)

local function level(n) error("at level", n) end
for n = 1, 2 do
    print(select(2, pcall(function() level(n) end)))
end
print(select(2, pcall(load, "return", "=name", "b")), load("\27broken"))
local info = debug.getinfo(overflow, "S")
print(info.short_src, info.what, info.linedefined, debug.getinfo(1, "l").currentline)
print(select("#", debug.traceback("message", 1)), debug.traceback("message"):match("^[^\n]*"))
assert(select(2, pcall(assert, false)) == "assertion failed!")
assert(select(2, pcall(assert, nil, "own")) == "own" and assert(1, 2) == 1)
