//! Projects and their figures.

use claude_worker_api::{Cursor, Order};

use super::*;

/// A task in a directory whose project has this root, if it is known.
fn insert_in(writer: &mut Writer, position: i64, directory: &str, root: Option<&str>) -> TaskId {
    let request = NewTask { working_directory: directory.to_owned(), ..request("x") };
    let origin = Origin { project_root: root.map(Into::into), ..Origin::default() };
    let defaults = FilledDefaults::default();
    writer.insert_task(&request, defaults, "x", position, &origin, at(position)).unwrap()
}

/// Name, root, tasks, running tasks and costs of all projects.
fn figures(readers: &Readers, since: i64) -> Vec<(String, String, u64, u64, f64)> {
    let projects = readers.projects(at(since)).unwrap().into_iter();
    projects.map(|it| (it.name, it.root, it.tasks, it.running, it.cost_usd)).collect()
}

fn listed(readers: &Readers, query: &ListQuery) -> Vec<i64> {
    readers.list(query, 100).unwrap().0.iter().map(|stored| stored.task.id.0).collect()
}

#[test]
fn a_project_counts_its_tasks_those_that_run_and_its_costs() {
    let place = Place::new();
    let (mut writer, readers) = (place.open(), place.readers());
    let first = insert_in(&mut writer, 1, "/code/shop", Some("/code/shop"));
    let second = insert_in(&mut writer, 2, "/code/shop/api", Some("/code/shop"));
    let third = insert_in(&mut writer, 3, "/old/shop", Some("/old/shop"));
    let row = |name: &str, root: &str, tasks, running, usd| {
        (name.to_owned(), root.to_owned(), tasks, running, usd)
    };
    let (shop, old) = (|n, r, usd| row("shop", "/code/shop", n, r, usd), "/old/shop");
    assert_eq!(figures(&readers, 0), [row("old/shop", old, 1, 0, 0.0), shop(2, 0, 0.0)]);
    finish(&mut writer, first, 10, 0);
    finish(&mut writer, third, 20, 0);
    let run = RunId::new(second, 1, 7);
    writer.insert_run(second, &run, 1, &Plan::New, None).unwrap();
    let state = writer.task(second).unwrap().unwrap().state;
    let running = TaskState::Running {
        run,
        plan: Plan::New,
        started_at: None,
        requested_end: RequestedEnd::None,
        tried: Attempts::default(),
    };
    writer.set_state(second, &Columns::from(&state), &running, None).unwrap();
    assert_eq!(figures(&readers, 15), [row("old/shop", old, 1, 0, 0.5), shop(2, 1, 0.0)]);
    assert_eq!(figures(&readers, 21), [row("old/shop", old, 1, 0, 0.0), shop(2, 1, 0.0)]);
    writer.delete_task(third).unwrap();
    assert_eq!(
        figures(&readers, 15),
        [row("old/shop", old, 0, 0, 0.5), shop(2, 1, 0.0)],
        "what was spent stays"
    );
    assert_eq!(figures(&readers, 21), [shop(2, 1, 0.0)], "nothing is left of it in this period");
}

#[test]
fn a_directory_is_placed_later_with_all_its_tasks_and_may_move() {
    let place = Place::new();
    let (mut writer, readers) = (place.open(), place.readers());
    let task = insert_in(&mut writer, 1, "/code/shop/api", None);
    let project = || readers.task(task).unwrap().unwrap().task.project;
    assert_eq!((project(), figures(&readers, 0).len()), (None, 0));
    assert_eq!(writer.unplaced_directories().unwrap(), ["/code/shop/api"]);
    assert!(writer.place_directory("/code/shop/api", "/code/shop/api").unwrap());
    assert!(!writer.place_directory("/code/shop/api", "/code/shop/api").unwrap());
    let before = project();
    assert!(before.is_some());
    // `git init` was run in the directory above.
    insert_in(&mut writer, 2, "/code/shop/api", Some("/code/shop"));
    assert_ne!(project(), before);
    let names: Vec<_> = figures(&readers, 0).into_iter().map(|it| (it.0, it.2)).collect();
    assert_eq!(names, [("shop".to_owned(), 2)]);
    assert_eq!(writer.unplaced_directories().unwrap(), [""; 0]);
}

#[test]
fn a_list_of_one_project_names_it_or_its_directory() {
    let place = Place::new();
    let (mut writer, readers) = (place.open(), place.readers());
    for (position, directory) in [(1, "/a/shop"), (2, "/b/docs"), (3, "/a/shop/x"), (4, "/b/docs")]
    {
        let root = &directory[..7];
        let id = insert_in(&mut writer, position, directory, Some(root));
        if position < 3 {
            finish(&mut writer, id, 10 * position, 0);
        }
    }
    let of = |project: &str| ListQuery { project: Some(project.into()), ..ListQuery::default() };
    assert_eq!(listed(&readers, &of("shop")), [3, 1]);
    assert_eq!(listed(&readers, &of("SHOP")), [3, 1]);
    assert_eq!(listed(&readers, &of("/b/docs")), [4, 2]);
    assert_eq!(listed(&readers, &of("/b/docs/")), [4, 2]);
    for (order, expected) in
        [(Order::OldestFirst, vec![2, 4]), (Order::NextFirst, vec![4]), (Order::EndedLast, vec![2])]
    {
        assert_eq!(listed(&readers, &ListQuery { order, ..of("docs") }), expected, "{order:?}");
    }
    let searched = ListQuery { search: Some("/x".to_owned()), ..of("shop") };
    assert_eq!(listed(&readers, &searched), [3]);
    let ids = ListQuery { ids: vec![TaskId(1), TaskId(2)], ..of("shop") };
    assert_eq!(listed(&readers, &ids), [1]);
    let later = ListQuery { cursor: Some(Cursor::from(TaskId(3))), ..of("shop") };
    assert_eq!(listed(&readers, &later), [1]);
    let EngineError::Refused(error) = readers.list(&of("nothing"), 9).unwrap_err() else {
        panic!("another error")
    };
    assert_eq!(error.message, "There is no project \"nothing\"");
}

#[test]
fn tasks_from_before_projects_get_their_directories() {
    let place = Place::new();
    drop(place.open());
    let database = place.without_projects();
    database
        .execute_batch(
            "INSERT INTO task (status, state, queue_position, name, agent, working_directory,
                 created_at)
             VALUES ('pending', '{}', 1, 'a', 'shell', '/a', 1),
                 ('pending', '{}', 2, 'b', 'shell', '/b', 1),
                 ('pending', '{}', 3, 'c', 'shell', '/a', 1);",
        )
        .unwrap();
    drop(database);
    let mut writer = place.open();
    let mut paths = writer.unplaced_directories().unwrap();
    paths.sort();
    assert_eq!(paths, ["/a", "/b"]);
    writer.place_directory("/a", "/a").unwrap();
    writer.place_directory("/b", "/b").unwrap();
    let readers = place.readers();
    let counts: Vec<_> = figures(&readers, 0).into_iter().map(|it| (it.0, it.2)).collect();
    assert_eq!(counts, [("a".to_owned(), 2), ("b".to_owned(), 1)]);
}
