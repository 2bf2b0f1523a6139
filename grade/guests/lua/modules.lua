-- require: modules from the file system, loaded once, searched in package.path.
package.path = "/suite/?.lua;/tmp/?.lua"
local file = assert(io.open("/tmp/shape.lua", "w"))
file:write("local name = ...\nloads = (loads or 0) + 1\nreturn {name = name, area = function(a, b) return a * b end}\n")
file:close()
local shape = require("shape")
assert(require("shape") == shape and package.loaded.shape == shape)
print(shape.name, shape.area(6, 7), loads, package.searchpath("shape", package.path))
print(select(2, pcall(require, "no.such.module")):match("^[^\n]*"))
print(package.config:sub(1, 1), package.cpath ~= nil, pcall(package.loadlib, "/x.so", "f"))
package.preload.invented = function(name) return name .. " from nowhere" end
print(require("invented"))
os.remove("/tmp/shape.lua")
