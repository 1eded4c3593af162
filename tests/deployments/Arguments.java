import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.LiteralTree;
import com.sun.source.tree.MemberSelectTree;
import com.sun.source.tree.MethodInvocationTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreeScanner;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * Parses Java files with the compiler's own parser, and prints for every method that is called with a
 * single literal text: the file's name, the method's and the text, each ended by a NUL.
 */
public class Arguments {
    public static void main(String[] paths) throws Exception {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        boolean broken = false;
        for (String path : paths) {
            DiagnosticCollector<JavaFileObject> diagnostics = new DiagnosticCollector<>();
            StandardJavaFileManager files = compiler.getStandardFileManager(diagnostics, null, StandardCharsets.UTF_8);
            JavacTask task = (JavacTask) compiler.getTask(
                    null, files, diagnostics, List.of("-proc:none"), null, files.getJavaFileObjects(path));
            for (CompilationUnitTree unit : task.parse()) {
                print(path, unit, out);
            }
            for (Diagnostic<?> diagnostic : diagnostics.getDiagnostics()) {
                System.err.println(diagnostic);
                broken = true;
            }
        }
        out.flush();
        System.exit(broken ? 1 : 0);
    }

    private static void print(String path, CompilationUnitTree unit, PrintStream out) {
        new TreeScanner<Void, Void>() {
            @Override
            public Void visitMethodInvocation(MethodInvocationTree call, Void nothing) {
                if (call.getMethodSelect() instanceof MemberSelectTree
                        && call.getArguments().size() == 1
                        && call.getArguments().get(0) instanceof LiteralTree) {
                    Object value = ((LiteralTree) call.getArguments().get(0)).getValue();
                    if (value instanceof String) {
                        Object method = ((MemberSelectTree) call.getMethodSelect()).getIdentifier();
                        out.print(path + "\0" + method + "\0" + value + "\0");
                    }
                }
                return super.visitMethodInvocation(call, nothing);
            }
        }.scan(unit, null);
    }
}
