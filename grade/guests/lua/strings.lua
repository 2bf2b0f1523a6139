-- Strings: patterns, formats, packing, bytes, UTF-8.
local text = "the quick brown fox jumps over the lazy dog"
local words = {}
for word in text:gmatch("%a+") do
    words[#words + 1] = word
end
assert(#words == 9 and words[4] == "fox" and text:find("brown") == 11)
print(text:gsub("(%a+) (%a+)", "%2 %1"))
print((text:gsub("%w+", {quick = "slow", dog = "cat"})))
print((text:gsub("o", function() return "0" end)))
print(text:match("(%w+) dog"), text:match("()jumps()"))

print(string.format("[%5d] [%-5s] [%05.1f] [%x] [%q] [%g] [%a]", 42, "ab", 3.14159, 255, 'a "b"\n',
    1e100, 0.5))
print(string.format("%.14g %.17g %s %i", 0.1, 0.1, {1} ~= nil, -3))
print(("x"):rep(5, "-"), ("hello"):upper():reverse(), ("abc"):byte(1, -1))
print(#"a\0b", ("a\0b"):byte(2), "\65\x42\u{43}\z
       D")

local packed = string.pack("<i4 >I2 z s1 d", -2, 258, "zero", "short", 1.5)
assert(#packed == 4 + 2 + 5 + 6 + 8)
print(string.unpack("<i4 >I2 z s1 d", packed))
print(packed:sub(1, 6):gsub(".", function(c) return ("%02x "):format(c:byte()) end))

local greek = "αβγ"
print(#greek, utf8.len(greek), utf8.codepoint(greek, 1, -1))
for _, code in utf8.codes("aé€") do
    io.write(code, " ")
end
print(utf8.char(72, 228, 8364), utf8.len("\xff"))

local parts = {}
for i = 1, 20000 do
    parts[i] = i % 7
end
local long = table.concat(parts)
assert(#long == 20000)
local sum = 0
for digit in long:gmatch("%d") do
    sum = sum + digit
end
print(#long, sum, #(long:gsub("12", "x")))
assert(not pcall(string.rep, "x", 1 << 60))
assert("10" + 5 == 15 and 10 .. "" == "10" and "a" < "b" and not ("Z" > "a"))
