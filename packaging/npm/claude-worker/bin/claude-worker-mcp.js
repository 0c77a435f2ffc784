#!/usr/bin/env node
require("../launch.js")("claude-worker-mcp");
