//! The structure of a document: what screen readers follow instead of the places on the page.

/// Which node.
pub(crate) type NodeId = usize;

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Role {
    Paragraph,
    /// Level and text.
    Heading(u8, String),
    Code,
    List {
        numbered: bool,
    },
    Item,
    Label,
    Body,
    /// What the table is about.
    Table(String),
    Head,
    Rows,
    Row,
    /// The header of a column over so many of them.
    ColumnHeader(usize),
    RowHeader(usize),
    Data(usize),
    /// The picture in words.
    Figure(String),
}

/// What a node holds, in order of reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Child {
    Node(NodeId),
    /// The item with this number on this page.
    Item(usize, usize),
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) role: Role,
    pub(crate) children: Vec<Child>,
}

/// All nodes; those without a parent stand directly in the document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Tree {
    pub(crate) nodes: Vec<Node>,
    pub(crate) roots: Vec<NodeId>,
}

impl Tree {
    /// A node in the document, or in another node.
    pub(crate) fn add(&mut self, parent: Option<NodeId>, role: Role) -> NodeId {
        let id = self.nodes.len();
        self.nodes.push(Node {
            role,
            children: Vec::new(),
        });
        match parent.and_then(|p| self.nodes.get_mut(p)) {
            Some(parent) => parent.children.push(Child::Node(id)),
            None => self.roots.push(id),
        }
        id
    }

    /// What is drawn belongs to the node.
    pub(crate) fn holds(&mut self, node: NodeId, page: usize, item: usize) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.children.push(Child::Item(page, item));
        }
    }
}
