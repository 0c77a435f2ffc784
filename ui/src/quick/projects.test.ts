import { expect, it } from "vitest";
import { projects } from "./projects";

const home = "/home/me";
const recent = ["/home/me/code/web", "/srv/api-web", "/home/me/webdocs", "/tmp/a", "/tmp/b"];

it("offers the most recent directories first", () => {
  expect(projects(recent, "", home)).toEqual(recent.slice(0, 4));
});

it("offers names that begin with the text before those that contain it, then paths", () => {
  expect(projects(recent, "Web", home)).toEqual([
    "/home/me/code/web",
    "/home/me/webdocs",
    "/srv/api-web",
  ]);
  expect(projects(recent, "~/code", home)).toEqual(["/home/me/code/web"]);
});

it("takes a path that no task used yet", () => {
  expect(projects(recent, "~/new", home)).toEqual(["/home/me/new"]);
  expect(projects(recent, "/opt/x", home)).toEqual(["/opt/x"]);
  expect(projects(recent, "nothing", home)).toEqual([]);
});
