-- io: writing, reading in every format, seeking, lines, temporary files, errors.
local path = "/tmp/lua.txt"
local file = assert(io.open(path, "w"))
assert(file:write("first line\n", 42, " ", 3.5, " 0x1F rest\n", "\n", "no newline at the end"))
print(io.type(file), file:seek("cur"), file:close(), io.type(file), io.type(1))

file = assert(io.open(path))
print(file:read())
print(file:read("n", "n", "n"))
print(file:read("L"), file:read("l"), file:read(2), file:read("a"), file:read("a"), file:read("l"))
print(file:seek("set", 6), file:read(4), file:seek("end"), file:seek("cur", -3), file:read("a"))
file:close()

for number in io.lines(path, "n") do print(number) end
local lengths = {}
for line in io.lines(path, "L") do lengths[#lengths + 1] = #line end
print(table.concat(lengths, " "))

local append <close> = assert(io.open(path, "a+"))
append:write("\nappended")
append:seek("set")
print(#append:read("a"))

local both = assert(io.open(path, "r+"))
both:write("FIRST")
both:seek("set")
print(both:read(10))
both:setvbuf("no")
both:close()

local big = assert(io.open("/tmp/big", "wb"))
big:setvbuf("full", 4096)
for i = 1, 20000 do big:write(i, ";") end
big:close()
big = assert(io.open("/tmp/big", "rb"))
local sum, size = 0, big:seek("end")
big:seek("set")
for block in big:lines(1000) do
    for i = 1, #block do sum = sum + block:byte(i) end
end
print(size, sum, big:close())

local temporary = io.tmpfile()
temporary:write("temporary")
temporary:seek("set")
print(temporary:read("a"))
temporary:close()

print(io.open("/no/such/file"))
print(io.open("/tmp", "w"))
print(pcall(io.lines, "/no/such/file"))
print(pcall(file.read, file))
print(pcall(io.open, path, "rz"))

io.output("/tmp/redirected")
io.write("through ", "io.write")
io.close()
io.output(io.stdout)
io.input("/tmp/redirected")
print(io.read("a"))
io.close(io.input())
io.input(io.stdin)
print(os.remove("/tmp/redirected"), os.remove("/tmp/big"), os.remove(path), os.remove(path))
