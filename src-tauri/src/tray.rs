//! The item in the desktop's tray, spoken over D-Bus (StatusNotifierItem).

use claude_worker_api::{ApiError, TaskApi};
use claude_worker_desktop::icon::{Ink, draw};
use claude_worker_desktop::launch::Page;
use claude_worker_desktop::tray::{MenuEntry, TrayAction, TrayState, TrayView, view};
use ksni::menu::{CheckmarkItem, StandardItem};
use ksni::{MenuItem, OfflineReason, TrayMethods};
use tauri::{AppHandle, Manager};
use tokio::sync::watch;

use crate::app_state::AppState;
use crate::{quit, window};

/// The sizes in which the icon is offered, in pixels: for common panels, and for fine screens.
const SIZES: [u16; 3] = [22, 24, 48];

/// The way to the tray item. It can be told things before it is there, and where there is no tray.
pub(crate) struct Tray {
    told: watch::Sender<Told>,
    shown: watch::Receiver<Option<bool>>,
}

#[derive(Clone)]
struct Told {
    standing: TrayState,
    login: Option<bool>,
}

impl Tray {
    /// Begins to show the item. It is not there yet when this returns.
    pub(crate) fn begin(app: &AppHandle, ink: Ink, login: Option<bool>) -> Self {
        let (told, news) = watch::channel(Told { standing: TrayState::Starting, login });
        let (shows, shown) = watch::channel(None);
        let view = view(&told.borrow().standing, login);
        let item = TrayItem { app: app.clone(), ink, view, shows: shows.clone() };
        tauri::async_runtime::spawn(keep(item, news, shows));
        Self { told, shown }
    }

    /// Shows how things stand.
    pub(crate) fn stand(&self, standing: TrayState) {
        self.told.send_modify(|told| told.standing = standing);
    }

    /// Shows whether the app starts at login; none where that cannot be chosen.
    pub(crate) fn set_login(&self, on: Option<bool>) {
        self.told.send_modify(|told| told.login = on);
    }

    /// Whether there is a tray that shows the item, as far as is known.
    pub(crate) fn is_shown(&self) -> bool {
        *self.shown.borrow() == Some(true)
    }

    /// Whether there is a tray that shows the item; none until that is known.
    pub(crate) fn shown(&self) -> watch::Receiver<Option<bool>> {
        self.shown.clone()
    }
}

/// Shows what is told, for as long as the app lives.
async fn keep(item: TrayItem, mut news: watch::Receiver<Told>, shows: watch::Sender<Option<bool>>) {
    // A tray that comes later than the app, as at login, is as good.
    let handle = match item.assume_sni_available(true).spawn().await {
        Ok(handle) => handle,
        Err(error) => {
            tracing::warn!(%error, "there is no tray");
            shows.send_replace(Some(false));
            return;
        }
    };
    // The tray was asked meanwhile, and has said no if it did.
    shows.send_if_modified(|shown| shown.is_none() && shown.replace(true).is_none());
    while news.changed().await.is_ok() {
        let next = look(&mut news);
        if handle.update(|item| item.view = next).await.is_none() {
            return;
        }
    }
}

fn look(news: &mut watch::Receiver<Told>) -> TrayView {
    let told = news.borrow_and_update();
    view(&told.standing, told.login)
}

/// The item as the tray dialogs for it.
struct TrayItem {
    app: AppHandle,
    ink: Ink,
    view: TrayView,
    shows: watch::Sender<Option<bool>>,
}

impl ksni::Tray for TrayItem {
    fn id(&self) -> String {
        "claude-worker-app".to_owned()
    }

    fn title(&self) -> String {
        "Claude Worker".to_owned()
    }

    fn activate(&mut self, _x: i32, _y: i32) {
        window::show(&self.app, Page::Any);
    }

    fn icon_pixmap(&self) -> Vec<ksni::Icon> {
        let drawn = |size| {
            let picture = draw(self.view.icon, self.ink, size);
            let size = i32::from(picture.size);
            ksni::Icon { width: size, height: size, data: picture.argb }
        };
        SIZES.into_iter().map(drawn).collect()
    }

    fn tool_tip(&self) -> ksni::ToolTip {
        ksni::ToolTip {
            title: "Claude Worker".to_owned(),
            description: self.view.tooltip.clone(),
            ..ksni::ToolTip::default()
        }
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        self.view.menu.iter().map(menu_item).collect()
    }

    fn watcher_online(&self) {
        self.shows.send_replace(Some(true));
    }

    fn watcher_offline(&self, reason: OfflineReason) -> bool {
        tracing::info!(?reason, "the tray is gone");
        self.shows.send_replace(Some(false));
        true
    }
}

fn menu_item(item: &MenuEntry) -> MenuItem<TrayItem> {
    // An underscore would mark an access key.
    let label = |words: &str| words.replace('_', "__");
    let activate = |act: TrayAction| Box::new(move |item: &mut TrayItem| do_it(&item.app, act));
    match item {
        MenuEntry::Label(words) => {
            StandardItem { label: label(words), enabled: false, ..StandardItem::default() }.into()
        }
        MenuEntry::Separator => MenuItem::Separator,
        MenuEntry::Button(words, act) => StandardItem {
            label: label(words),
            activate: activate(*act),
            ..StandardItem::default()
        }
        .into(),
        MenuEntry::Check(words, checked, act) => CheckmarkItem {
            label: label(words),
            checked: *checked,
            activate: activate(*act),
            ..CheckmarkItem::default()
        }
        .into(),
    }
}

/// Does what a menu item stands for. Returns at once: the tray waits for it.
fn do_it(app: &AppHandle, act: TrayAction) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        if let Err(error) = act_on(&app, act).await {
            tracing::warn!(%error, ?act, "the tray's menu cannot do this");
        }
    });
}

async fn act_on(app: &AppHandle, act: TrayAction) -> Result<(), ApiError> {
    let state = app.state::<AppState>();
    match act {
        TrayAction::Show(page) => window::show(app, page),
        TrayAction::SetPaused(paused) => drop(state.host.engine().await?.set_paused(paused).await?),
        TrayAction::SetLogin(on) => state.set_login(on)?,
        TrayAction::StartEngine => state.host.restart().await?,
        TrayAction::Quit => quit::ask_and_quit(app).await?,
    }
    Ok(())
}
