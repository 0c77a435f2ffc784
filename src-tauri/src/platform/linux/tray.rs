//! The icon in the desktop's tray, over D-Bus (StatusNotifierItem).

use claude_worker_api::Timestamp;
use claude_worker_desktop::icon::{Ink, draw};
use claude_worker_desktop::launch::Page;
use claude_worker_desktop::tray::{MenuEntry, TrayAction, TrayContent, TrayView};
use ksni::menu::{CheckmarkItem, StandardItem};
use ksni::{MenuItem, OfflineReason, TrayMethods};
use tokio::sync::watch;

/// The sizes of the icon in pixels: for common panels, and for screens with many pixels.
const SIZES: [u16; 5] = [16, 22, 24, 32, 48];

/// Shows the icon and its menu until the sender of `content` is dropped. `visible` receives whether a
/// tray shows the icon. `on_action` is called when the user clicks.
pub(crate) async fn run(
    ink: Ink,
    mut content: watch::Receiver<TrayContent>,
    visible: watch::Sender<Option<bool>>,
    on_action: Box<dyn Fn(TrayAction) + Send + Sync>,
) {
    let first = content.borrow_and_update().clone();
    let icon = Icon { ink, content: first, visible: visible.clone(), on_action };
    // At login, the tray may start later than the app.
    let handle = match icon.assume_sni_available(true).spawn().await {
        Ok(handle) => handle,
        Err(error) => {
            tracing::warn!(%error, "there is no tray");
            visible.send_replace(Some(false));
            return;
        }
    };
    // If there is no tray now, `watcher_offline` has already said so.
    visible.send_if_modified(|visible| visible.is_none() && visible.replace(true).is_none());
    while content.changed().await.is_ok() {
        let next = content.borrow_and_update().clone();
        if handle.update(|icon| icon.content = next).await.is_none() {
            return;
        }
    }
}

/// The icon, as the tray requests it.
struct Icon {
    ink: Ink,
    content: TrayContent,
    visible: watch::Sender<Option<bool>>,
    on_action: Box<dyn Fn(TrayAction) + Send + Sync>,
}

impl Icon {
    fn view(&self) -> TrayView {
        self.content.view(Timestamp::now())
    }
}

impl ksni::Tray for Icon {
    fn id(&self) -> String {
        "claude-worker-app".to_owned()
    }

    fn title(&self) -> String {
        "Claude Worker".to_owned()
    }

    fn activate(&mut self, _x: i32, _y: i32) {
        (self.on_action)(TrayAction::Show(Page::Any));
    }

    fn icon_pixmap(&self) -> Vec<ksni::Icon> {
        let icon = self.view().icon;
        let drawn = |size| {
            let picture = draw(icon, self.ink, size);
            let size = i32::from(picture.size);
            ksni::Icon { width: size, height: size, data: picture.argb }
        };
        SIZES.into_iter().map(drawn).collect()
    }

    fn tool_tip(&self) -> ksni::ToolTip {
        ksni::ToolTip {
            title: "Claude Worker".to_owned(),
            description: self.view().tooltip,
            ..ksni::ToolTip::default()
        }
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        self.view().menu.iter().map(menu_item).collect()
    }

    // The menu is about to open: ksni calls `menu` again, which reads the clock. Without this method it
    // would keep the times of the last update.
    fn menu_about_to_show(&mut self) {}

    fn watcher_online(&self) {
        self.visible.send_replace(Some(true));
    }

    fn watcher_offline(&self, reason: OfflineReason) -> bool {
        tracing::info!(?reason, "the tray is gone");
        self.visible.send_replace(Some(false));
        true
    }
}

fn menu_item(entry: &MenuEntry) -> MenuItem<Icon> {
    // A single underscore would mark an access key.
    let label = |text: &str| text.replace('_', "__");
    let activate = |action: TrayAction| Box::new(move |icon: &mut Icon| (icon.on_action)(action));
    match entry {
        MenuEntry::Label(text) => {
            StandardItem { label: label(text), enabled: false, ..StandardItem::default() }.into()
        }
        MenuEntry::Separator => MenuItem::Separator,
        MenuEntry::Button(text, action) => StandardItem {
            label: label(text),
            activate: activate(*action),
            ..StandardItem::default()
        }
        .into(),
        MenuEntry::Check(text, checked, action) => CheckmarkItem {
            label: label(text),
            checked: *checked,
            activate: activate(*action),
            ..CheckmarkItem::default()
        }
        .into(),
    }
}
