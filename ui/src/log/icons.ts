// The icon of each kind of tool.
import Bot from "@lucide/svelte/icons/bot";
import CircleQuestionMark from "@lucide/svelte/icons/message-circle-question-mark";
import FilePlus from "@lucide/svelte/icons/file-plus";
import FileText from "@lucide/svelte/icons/file-text";
import FolderSearch from "@lucide/svelte/icons/folder-search";
import Globe from "@lucide/svelte/icons/globe";
import ListTodo from "@lucide/svelte/icons/list-todo";
import Map from "@lucide/svelte/icons/map";
import Pencil from "@lucide/svelte/icons/pencil";
import Plug from "@lucide/svelte/icons/plug";
import Search from "@lucide/svelte/icons/search";
import Terminal from "@lucide/svelte/icons/terminal";
import Wrench from "@lucide/svelte/icons/wrench";
import type { Icon } from "../components/types";
import type { ToolIcon } from "./tools";

export const TOOL_ICONS: Record<ToolIcon, Icon> = {
  terminal: Terminal,
  read: FileText,
  write: FilePlus,
  edit: Pencil,
  search: Search,
  files: FolderSearch,
  agent: Bot,
  web: Globe,
  todo: ListTodo,
  ask: CircleQuestionMark,
  plan: Map,
  server: Plug,
  tool: Wrench,
};
